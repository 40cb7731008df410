use metrics::Unit;

pub(super) const HITS: &str = "mainstay_cache_hits_total";
pub(super) const MISSES: &str = "mainstay_cache_misses_total";
pub(super) const FILLS: &str = "mainstay_cache_fills_total";
pub(super) const REFUSED: &str = "mainstay_cache_refused_fills_total";
pub(super) const EVICTIONS: &str = "mainstay_cache_evictions_total";
pub(super) const ERRORS: &str = "mainstay_cache_errors_total";
pub(super) const UNDECODABLE: &str = "mainstay_cache_undecodable_entries_total";
pub(super) const READ: &str = "mainstay_cache_read_bytes_total";
pub(super) const WRITTEN: &str = "mainstay_cache_written_bytes_total";
pub(super) const STATEMENTS: &str = "mainstay_cache_statements_total";
pub(super) const QUEUED: &str = "mainstay_cache_queued_invalidations_total";
pub(super) const OWED: &str = "mainstay_cache_owed_invalidations";
pub(super) const RESTING: &str = "mainstay_cache_resting_layers";

pub(super) const LOADS: &str = "mainstay_cache_loads_total";
pub(super) const LOAD_FAILURES: &str = "mainstay_cache_load_failures_total";
pub(super) const LOAD_SECONDS: &str = "mainstay_cache_load_seconds";
pub(super) const RUNNING: &str = "mainstay_cache_running_loads";
pub(super) const REFRESHES: &str = "mainstay_cache_refreshes_total";
pub(super) const NOT_MODIFIED: &str = "mainstay_cache_not_modified_loads_total";
pub(super) const STALE: &str = "mainstay_cache_stale_serves_total";
pub(super) const TIMEOUTS: &str = "mainstay_cache_timeouts_total";
pub(super) const BUDGET: &str = "mainstay_cache_budget_refusals_total";

pub(super) const ENTRIES: &str = "mainstay_cache_memory_entries";
pub(super) const WEIGHT: &str = "mainstay_cache_memory_weight";
pub(super) const SUSPECT: &str = "mainstay_cache_suspect_nodes";
pub(super) const SUSPICIONS: &str = "mainstay_cache_suspicions_total";
pub(super) const SUSPECT_SECONDS: &str = "mainstay_cache_suspect_seconds";
pub(super) const APPLIED: &str = "mainstay_cache_applied_invalidations_total";

pub(super) const REGION_EVICTIONS: &str = "mainstay_cache_region_evictions_total";
pub(super) const REGION_WEIGHT: &str = "mainstay_cache_region_memory_weight";
pub(super) const REGION_READ: &str = "mainstay_cache_region_read_bytes_total";
pub(super) const REGION_WRITTEN: &str = "mainstay_cache_region_written_bytes_total";

pub(super) const INCOHERENT: &str = "mainstay_cache_incoherent_total";
pub(super) const AUDITED: &str = "mainstay_cache_audited_entries_total";
pub(super) const UNANSWERED: &str = "mainstay_cache_unanswered_audits_total";

/// Tells the recorder what each name means.
pub(super) fn describe() {
    for (name, unit, meaning) in [
        (HITS, Unit::Count, "Reads that the layer answered."),
        (MISSES, Unit::Count, "Reads that the layer had nothing alive for."),
        (FILLS, Unit::Count, "Values that the layer kept."),
        (
            REFUSED,
            Unit::Count,
            "Values that the layer did not keep: overtaken, or no room behind the callers.",
        ),
        (EVICTIONS, Unit::Count, "Values that gave way because the layer was full."),
        (
            ERRORS,
            Unit::Count,
            "Commands that failed, timed out or were not sent because the layer was resting.",
        ),
        (UNDECODABLE, Unit::Count, "Stored bytes that are no value of the region, by the reason."),
        (READ, Unit::Bytes, "Bytes of the entries read from the layer."),
        (WRITTEN, Unit::Bytes, "Bytes of the entries sent to the layer."),
        (STATEMENTS, Unit::Count, "SQL statements sent."),
        (QUEUED, Unit::Count, "Invalidations that had to wait for the layer."),
        (LOADS, Unit::Count, "Loads begun."),
        (LOAD_FAILURES, Unit::Count, "Loads that failed, panicked or were dropped."),
        (REFRESHES, Unit::Count, "Loads begun behind the readers of a value that was still served."),
        (NOT_MODIFIED, Unit::Count, "Loads that found the old value still true."),
        (STALE, Unit::Count, "Reads served a value past its time."),
        (TIMEOUTS, Unit::Count, "Reads that did not wait for their load to end."),
        (BUDGET, Unit::Count, "Loads not begun because the budget was used up."),
        (REGION_EVICTIONS, Unit::Count, "Values of the region that gave way to others in memory."),
        (REGION_READ, Unit::Bytes, "Bytes of the entries that the region found in the layer."),
        (REGION_WRITTEN, Unit::Bytes, "Bytes of the region's entries that were handed to the layer."),
        (
            INCOHERENT,
            Unit::Count,
            "Entries of which one side was behind the other for longer than promised, as an auditor found.",
        ),
        (AUDITED, Unit::Count, "Entries that an auditor looked at."),
        (UNANSWERED, Unit::Count, "Rounds of an auditor in which Redis did not answer."),
        (SUSPICIONS, Unit::Count, "How often the node may have missed an invalidation."),
        (APPLIED, Unit::Count, "Invalidations and writes of other nodes applied here."),
    ] {
        metrics::describe_counter!(name, unit, meaning);
    }
    metrics::describe_histogram!(LOAD_SECONDS, Unit::Seconds, "How long loads took, to within an eighth.");
    for (name, unit, meaning) in [
        (OWED, Unit::Count, "Invalidations that the layer has not acknowledged."),
        (RESTING, Unit::Count, "1 while commands to the layer are held back because the last one failed."),
        (RUNNING, Unit::Count, "Loads running."),
        (ENTRIES, Unit::Count, "Entries in memory, dead ones not yet reclaimed included."),
        (WEIGHT, Unit::Count, "What the entries in memory weigh."),
        (REGION_WEIGHT, Unit::Count, "What the region's entries in memory weigh."),
        (SUSPECT, Unit::Count, "1 while the node may have missed an invalidation."),
        (SUSPECT_SECONDS, Unit::Seconds, "How long the node was suspect since the cache was built."),
    ] {
        metrics::describe_gauge!(name, unit, meaning);
    }
}
