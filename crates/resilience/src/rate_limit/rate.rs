use std::time::Duration;

/// So many calls in so much time, evenly spread. Default 100 calls in 1 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Rate {
    /// Calls in that time. Default 100; at least 1, at most one a nanosecond.
    pub calls: u32,
    /// That time. Default 1 s; above 0, at most a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub per: Duration,
}

impl Default for Rate {
    fn default() -> Self {
        Self::new(100, Duration::from_secs(1))
    }
}

impl Rate {
    /// `calls` in every `per`.
    pub const fn new(calls: u32, per: Duration) -> Self {
        Self { calls, per }
    }

    /// `calls` a second.
    pub const fn per_second(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(1))
    }

    /// `calls` a minute.
    pub const fn per_minute(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(60))
    }
}
