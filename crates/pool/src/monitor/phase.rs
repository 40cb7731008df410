use std::time::Duration;

/// How long one phase took over the window.
///
/// Mean and maximum are exact, percentiles within 1 % and never above the maximum; all are 0 where nothing was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaseStats {
    /// How many there were.
    pub count: u64,
    /// Of these, those that failed: a wait without a connection, a connect or a check without success.
    pub failed: u64,
    /// The mean.
    pub mean: Duration,
    /// Half took no longer.
    pub p50: Duration,
    /// 95 of a hundred took no longer.
    pub p95: Duration,
    /// 99 of a hundred took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}
