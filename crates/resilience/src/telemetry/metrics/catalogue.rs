use metrics::Unit;

pub(super) const CALLS: &str = "mainstay_resilience_calls_total";
pub(super) const CALL_TIME: &str = "mainstay_resilience_call_seconds";
pub(super) const REJECTIONS: &str = "mainstay_resilience_rejections_total";
pub(super) const SHADOW_ACTIONS: &str = "mainstay_resilience_shadow_actions_total";
pub(super) const QUEUED: &str = "mainstay_resilience_queued_calls_total";
pub(super) const QUEUE_WAIT: &str = "mainstay_resilience_queue_wait_seconds";
pub(super) const TIMEOUTS: &str = "mainstay_resilience_timeouts_total";
pub(super) const SLOW_CALLS: &str = "mainstay_resilience_slow_call_seconds";
pub(super) const RETRIES: &str = "mainstay_resilience_retries_total";
pub(super) const RECOVERIES: &str = "mainstay_resilience_recovered_calls_total";
pub(super) const EXHAUSTED: &str = "mainstay_resilience_exhausted_calls_total";
pub(super) const BUDGET_REFUSALS: &str = "mainstay_resilience_budget_refusals_total";
pub(super) const TRANSITIONS: &str = "mainstay_resilience_circuit_transitions_total";
pub(super) const CIRCUIT_STATE: &str = "mainstay_resilience_circuit_state_code";
pub(super) const STALE_RESULTS: &str = "mainstay_resilience_stale_results_total";
pub(super) const HEDGES: &str = "mainstay_resilience_hedges_total";
pub(super) const HEDGE_WINS: &str = "mainstay_resilience_hedge_wins_total";
pub(super) const FALLBACKS: &str = "mainstay_resilience_fallbacks_total";
pub(super) const CONCURRENCY_LIMIT: &str = "mainstay_resilience_concurrency_limit_calls";
pub(super) const INJECTIONS: &str = "mainstay_resilience_injected_faults_total";
pub(super) const EJECTIONS: &str = "mainstay_resilience_ejections_total";
pub(super) const READMISSIONS: &str = "mainstay_resilience_readmissions_total";

const COUNTERS: [(&str, &str); 17] = [
    (CALLS, "Calls that a policy let through and that ended, by what that meant to it."),
    (REJECTIONS, "Calls turned away, or that would have been in shadow mode."),
    (SHADOW_ACTIONS, "Retries, copies and fallbacks that shadow mode held back."),
    (QUEUED, "Calls that began to wait."),
    (TIMEOUTS, "Calls that did not answer in time."),
    (RETRIES, "Attempts after the first."),
    (RECOVERIES, "Calls that succeeded after failed attempts."),
    (EXHAUSTED, "Calls whose last attempt failed, by what ended the series."),
    (BUDGET_REFUSALS, "Retries and hedges that the budget refused."),
    (TRANSITIONS, "Changes of a breaker's state, by the state it is in afterwards."),
    (STALE_RESULTS, "Results that came after the breaker's state had changed."),
    (HEDGES, "Copies of slow calls that were started."),
    (HEDGE_WINS, "Hedged calls, by who answered first."),
    (FALLBACKS, "Calls that a fallback answered."),
    (INJECTIONS, "Faults that were injected."),
    (EJECTIONS, "Endpoints taken out of their set."),
    (READMISSIONS, "Endpoints taken back into their set."),
];
const HISTOGRAMS: [(&str, &str); 3] = [
    (CALL_TIME, "How long calls through a named pipeline took that had to be waited for."),
    (QUEUE_WAIT, "How long calls waited for their turn."),
    (SLOW_CALLS, "How long calls took that were slower than the threshold for slow calls."),
];
const GAUGES: [(&str, &str); 2] = [
    (
        CIRCUIT_STATE,
        "A breaker's state: 0 closed, 1 half-open, 2 open, 3 ramping, 4 and 5 forced open and closed, 6 disabled.",
    ),
    (CONCURRENCY_LIMIT, "Calls that an adaptive limit lets run at once."),
];

/// Tells the recorder what each name means.
pub(super) fn describe() {
    for (name, meaning) in COUNTERS {
        metrics::describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        metrics::describe_histogram!(name, Unit::Seconds, meaning);
    }
    for (name, meaning) in GAUGES {
        metrics::describe_gauge!(name, Unit::Count, meaning);
    }
}
