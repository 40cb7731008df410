use std::time::Duration;

use crate::error::ConfigError;

const HOUR: Duration = Duration::from_secs(3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
const INSTANT: Duration = Duration::from_millis(1);

/// How large a pool may be and how long its parts may take.
///
/// The default is [`PoolConfig::production`].
///
/// ```
/// use std::time::Duration;
/// use mainstay_pool::PoolConfig;
///
/// let config = PoolConfig::production().max(12).acquire_timeout(Duration::from_secs(2));
/// assert!(config.validate().is_ok());
/// assert!(PoolConfig::default().max(0).validate().unwrap_err().to_string().contains("max = 0"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct PoolConfig {
    /// Connections kept even if nobody needs them. Default: 5.
    pub min: usize,
    /// The most connections there may be. Default: 20.
    pub max: usize,
    /// The most connects under way at once; after a failure it is one until a connect succeeds. Default: 2.
    pub max_connecting: usize,
    /// How long `get` waits in all. Default: 5 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub acquire_timeout: Duration,
    /// How long one connect may take. Default: 5 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub connect_timeout: Duration,
    /// How long one check may take. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub check_timeout: Duration,
    /// How long one reset may take before its connection is closed. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub reset_timeout: Duration,
    /// A connection that lay idle for less is handed out unchecked; zero checks every time. Default: 500 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub check_after: Duration,
    /// A connection above `min` that lay idle as long is closed; `None` keeps it. Default: 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub idle_timeout: Option<Duration>,
    /// A connection this old is replaced, up to a tenth earlier so that connections made together do not go together; `None` keeps
    /// it. Default: 30 min.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub max_lifetime: Option<Duration>,
    /// The seed of the jitter; `None` draws one. Default: `None`.
    pub seed: Option<u64>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self::production()
    }
}

impl PoolConfig {
    const fn profile(min: usize, max: usize, max_connecting: usize, idle_secs: u64) -> Self {
        Self {
            min,
            max,
            max_connecting,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            check_timeout: Duration::from_secs(1),
            reset_timeout: Duration::from_secs(1),
            check_after: Duration::from_millis(500),
            idle_timeout: Some(Duration::from_secs(idle_secs)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
            seed: None,
        }
    }

    /// A developer's machine: 2 to 5 connections, idle for 30 s at most.
    pub const fn development() -> Self {
        Self::profile(2, 5, 2, 30)
    }

    /// A test run: 1 to 5 connections, idle for 5 s at most.
    pub const fn testing() -> Self {
        Self::profile(1, 5, 2, 5)
    }

    /// A service: 5 to 20 connections, idle for 60 s at most.
    pub const fn production() -> Self {
        Self::profile(5, 20, 2, 60)
    }

    /// A busy service: 10 to 40 connections, four connects at once, idle for 90 s at most.
    pub const fn high_load() -> Self {
        Self::profile(10, 40, 4, 90)
    }

    /// Sets how many connections are kept even if nobody needs them (0 to `max`).
    #[must_use]
    pub const fn min(mut self, min: usize) -> Self {
        self.min = min;
        self
    }

    /// Sets the most connections there may be (1 to 10 000).
    #[must_use]
    pub const fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Sets the most connects under way at once (1 to 1 000).
    #[must_use]
    pub const fn max_connecting(mut self, max_connecting: usize) -> Self {
        self.max_connecting = max_connecting;
        self
    }

    /// Sets how long `get` waits in all (1 ms to 1 h).
    #[must_use]
    pub const fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets how long one connect may take (1 ms to 1 h).
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long one check may take (1 ms to 1 h).
    #[must_use]
    pub const fn check_timeout(mut self, timeout: Duration) -> Self {
        self.check_timeout = timeout;
        self
    }

    /// Sets how long one reset may take (1 ms to 1 h).
    #[must_use]
    pub const fn reset_timeout(mut self, timeout: Duration) -> Self {
        self.reset_timeout = timeout;
        self
    }

    /// Sets how long a connection may lie idle and still be handed out unchecked (0 to 30 days).
    #[must_use]
    pub const fn check_after(mut self, idle: Duration) -> Self {
        self.check_after = idle;
        self
    }

    /// Sets after how long an idle connection above `min` is closed (1 ms to 30 days, `None` for never).
    #[must_use]
    pub const fn idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets after how long a connection is replaced (1 ms to 30 days, `None` for never).
    #[must_use]
    pub const fn max_lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.max_lifetime = lifetime;
        self
    }

    /// Sets the seed of the jitter in lifetimes and pauses.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::OutOfRange`] names the first field that is outside.
    pub fn validate(&self) -> Result<(), ConfigError> {
        count("max", self.max, 1, 10_000)?;
        count("min", self.min, 0, self.max)?;
        count("max_connecting", self.max_connecting, 1, 1_000)?;
        duration("acquire_timeout", self.acquire_timeout, INSTANT, HOUR)?;
        duration("connect_timeout", self.connect_timeout, INSTANT, HOUR)?;
        duration("check_timeout", self.check_timeout, INSTANT, HOUR)?;
        duration("reset_timeout", self.reset_timeout, INSTANT, HOUR)?;
        duration("check_after", self.check_after, Duration::ZERO, MONTH)?;
        duration("idle_timeout", self.idle_timeout.unwrap_or(MONTH), INSTANT, MONTH)?;
        duration("max_lifetime", self.max_lifetime.unwrap_or(MONTH), INSTANT, MONTH)
    }
}

pub(crate) fn count(field: &'static str, value: usize, least: usize, most: usize) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::OutOfRange { field, value: value.to_string(), allowed: format!("{least} to {most}") })
}

fn duration(
    field: &'static str,
    value: Duration,
    least: Duration,
    most: Duration,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::OutOfRange {
        field,
        value: format!("{value:?}"),
        allowed: format!("{least:?} to {most:?}"),
    })
}
