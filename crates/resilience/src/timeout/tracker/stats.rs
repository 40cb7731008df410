use std::{sync::Arc, time::Duration};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Ending {
    /// It was answered, with whatever.
    Answered,
    /// It was cancelled because it took too long.
    TimedOut,
    /// Its caller went away.
    Abandoned,
}

impl Ending {
    /// Its name in telemetry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::TimedOut => "timed_out",
            Self::Abandoned => "abandoned",
        }
    }
}

/// How long an endpoint took in the window now.
///
/// Minimum, maximum and mean are exact. Percentiles are within 1 % and never outside minimum and maximum; of times above
/// an hour they say an hour, or the minimum if that is more. All are 0 where nothing was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointStats {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// Calls that ended, however they did.
    pub count: u64,
    /// Of these, those that were cancelled because they took too long.
    pub timeouts: u64,
    /// Of these, those whose caller went away.
    pub abandoned: u64,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// The mean.
    pub mean: Duration,
    /// Half of the calls took no longer.
    pub p50: Duration,
    /// 95 of a hundred took no longer.
    pub p95: Duration,
    /// 99 of a hundred took no longer.
    pub p99: Duration,
}
