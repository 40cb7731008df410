use std::time::Duration;

/// How long successful calls took, as their callers saw it; all 0 where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Latency {
    /// The mean.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub mean: Duration,
    /// Half of them took no longer.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub p50: Duration,
    /// 95 of 100 took no longer.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub p95: Duration,
    /// 99 of 100 took no longer.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub p99: Duration,
    /// The slowest.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub max: Duration,
}

impl Latency {
    /// Of these times, in any order. Exact: every one is looked at.
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let Some(&max) = times.last() else { return Self::default() };
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        // The nearest rank: the smallest time that so many of 100 do not exceed.
        let rank = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        Self {
            mean: times.iter().sum::<Duration>() / count,
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max,
        }
    }
}
