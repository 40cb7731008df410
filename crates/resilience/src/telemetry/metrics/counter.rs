use super::catalogue::{
    BUDGET_REFUSALS, CALLS, EJECTIONS, EXHAUSTED, FALLBACKS, HEDGE_WINS, HEDGES, INJECTIONS, QUEUED,
    READMISSIONS, RECOVERIES, REJECTIONS, RETRIES, SHADOW_ACTIONS, STALE_RESULTS, TIMEOUTS, TRANSITIONS,
};
use crate::{StoppedBy, Verdict, breaker::State, telemetry::PolicyKind};

/// What a policy counts: a name and, where several share it, an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Succeeded,
    Failed,
    Ignored,
    Abandoned,
    Rejected,
    WouldReject,
    WouldAct,
    Queued,
    TimedOut,
    Retry,
    Recovered,
    OutOfAttempts,
    OutOfTime,
    TooLong,
    OutOfBudget,
    PutOff,
    BudgetRefusal,
    Closed,
    HalfOpened,
    Opened,
    Ramped,
    ForcedOpen,
    ForcedClosed,
    Disabled,
    Stale,
    Hedge,
    OriginalWon,
    CopyWon,
    Fallback,
    Injection,
    Ejection,
    Readmission,
}

impl Counter {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Readmission as usize + 1;

    /// Its name and its label `outcome`.
    pub(super) const fn series(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Succeeded => (CALLS, Some("success")),
            Self::Failed => (CALLS, Some("failure")),
            Self::Ignored => (CALLS, Some("ignored")),
            Self::Abandoned => (CALLS, Some("abandoned")),
            Self::Rejected => (REJECTIONS, Some("rejected")),
            Self::WouldReject => (REJECTIONS, Some("would_reject")),
            Self::WouldAct => (SHADOW_ACTIONS, None),
            Self::Queued => (QUEUED, None),
            Self::TimedOut => (TIMEOUTS, None),
            Self::Retry => (RETRIES, None),
            Self::Recovered => (RECOVERIES, None),
            Self::OutOfAttempts => (EXHAUSTED, Some("attempts")),
            Self::OutOfTime => (EXHAUSTED, Some("deadline")),
            Self::TooLong => (EXHAUSTED, Some("max_elapsed")),
            Self::OutOfBudget => (EXHAUSTED, Some("budget")),
            Self::PutOff => (EXHAUSTED, Some("retry_after")),
            Self::BudgetRefusal => (BUDGET_REFUSALS, None),
            Self::Closed => (TRANSITIONS, Some(State::Closed.as_str())),
            Self::HalfOpened => (TRANSITIONS, Some(State::HalfOpen.as_str())),
            Self::Opened => (TRANSITIONS, Some(State::Open.as_str())),
            Self::Ramped => (TRANSITIONS, Some(State::Ramping.as_str())),
            Self::ForcedOpen => (TRANSITIONS, Some(State::ForcedOpen.as_str())),
            Self::ForcedClosed => (TRANSITIONS, Some(State::ForcedClosed.as_str())),
            Self::Disabled => (TRANSITIONS, Some(State::Disabled.as_str())),
            Self::Stale => (STALE_RESULTS, None),
            Self::Hedge => (HEDGES, None),
            Self::OriginalWon => (HEDGE_WINS, Some("original")),
            Self::CopyWon => (HEDGE_WINS, Some("copy")),
            Self::Fallback => (FALLBACKS, None),
            Self::Injection => (INJECTIONS, None),
            Self::Ejection => (EJECTIONS, None),
            Self::Readmission => (READMISSIONS, None),
        }
    }

    pub(super) const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Success => Self::Succeeded,
            Verdict::Failure => Self::Failed,
            Verdict::Ignore => Self::Ignored,
            Verdict::Abandoned => Self::Abandoned,
        }
    }

    pub(super) const fn of_end(stopped_by: StoppedBy) -> Self {
        match stopped_by {
            StoppedBy::Attempts => Self::OutOfAttempts,
            StoppedBy::Deadline => Self::OutOfTime,
            StoppedBy::MaxElapsed => Self::TooLong,
            StoppedBy::Budget => Self::OutOfBudget,
            StoppedBy::RetryAfter(_) => Self::PutOff,
        }
    }

    pub(super) const fn of_state(state: State) -> Self {
        match state {
            State::Closed => Self::Closed,
            State::HalfOpen => Self::HalfOpened,
            State::Open => Self::Opened,
            State::Ramping => Self::Ramped,
            State::ForcedOpen => Self::ForcedOpen,
            State::ForcedClosed => Self::ForcedClosed,
            State::Disabled => Self::Disabled,
        }
    }

    /// What a policy of this kind is bound to count sooner or later: shown as 0 from the start, so that a rate over the
    /// first occurrence is seen.
    pub(super) const fn expected(kind: PolicyKind) -> &'static [Self] {
        match kind {
            PolicyKind::Breaker => {
                &[Self::Succeeded, Self::Failed, Self::Rejected, Self::Closed, Self::HalfOpened, Self::Opened]
            }
            PolicyKind::Retry => &[Self::Succeeded, Self::Retry, Self::Recovered, Self::OutOfAttempts],
            PolicyKind::Timeout => &[Self::Succeeded, Self::TimedOut],
            PolicyKind::Bulkhead | PolicyKind::RateLimit | PolicyKind::Adaptive => {
                &[Self::Succeeded, Self::Rejected, Self::Queued]
            }
            PolicyKind::Hedge => &[Self::Succeeded, Self::Hedge, Self::OriginalWon, Self::CopyWon],
            PolicyKind::Fallback => &[Self::Succeeded, Self::Fallback],
            PolicyKind::Chaos => &[Self::Succeeded, Self::Injection],
            PolicyKind::Outliers => &[Self::Succeeded, Self::Failed, Self::Ejection, Self::Readmission],
            PolicyKind::Pipeline | PolicyKind::Custom => &[Self::Succeeded],
        }
    }
}
