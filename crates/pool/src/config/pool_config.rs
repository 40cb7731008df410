use std::collections::BTreeMap;
use std::time::Duration;

use super::LaneConfig;

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
    /// The longest pause between failed connects, which begins at 10 ms and doubles: how late a server that comes back is noticed.
    /// Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub max_backoff: Duration,
    /// How long one check may take. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub check_timeout: Duration,
    /// How long one reset may take before its connection is closed. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub reset_timeout: Duration,
    /// How long one hook may take before its connection is closed. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub hook_timeout: Duration,
    /// A connection that lay idle for less is handed out unchecked; zero checks every time. Default: 500 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub check_after: Duration,
    /// An idle connection that nobody has heard of for as long, or up to a tenth less, is checked in the background; `None` never.
    /// Default: 2 min.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub keepalive: Option<Duration>,
    /// A connection above `min` that lay idle as long is closed; `None` keeps it. Default: 60 s.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub idle_timeout: Option<Duration>,
    /// A connection is never handed out once it is this old; it is replaced in the background up to a tenth earlier, so that connections
    /// made together do not go together. `None` keeps it. Default: 30 min.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub max_lifetime: Option<Duration>,
    /// After how long the server, or what lies before it, ends a connection: `max_lifetime` must be less. Default: `None`, unknown.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub server_lifetime: Option<Duration>,
    /// Once every connect has failed for as long and no connection is left, callers get
    /// [`GetError::Unavailable`](crate::GetError::Unavailable) at once instead of waiting; `None` lets them wait. Default: `None`.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub fail_fast_after: Option<Duration>,
    /// A connection that is out for as long is reported as a leak, once; `None` never. Default: `None`.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub leak_after: Option<Duration>,
    /// Whether a leak is reported with the backtrace of its checkout: costs microseconds at every checkout. Default: `false`.
    pub leak_backtrace: bool,
    /// How far the time by which idle connections are judged may lag behind: the clock is read once in as long and not at every
    /// checkout. Counts as `check_after` where that is less; zero reads the clock every time. Default: 10 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub clock_resolution: Duration,
    /// Whether a connection stays with the thread that used it last for up to a `clock_resolution`, in its *magazine*: who asks on that
    /// thread gets it without the pool's lock, ahead of order only where nobody waits. For pools whose connections are held for less than
    /// a microsecond by many threads; of no use to others, and of none where `clock_resolution` is zero. Not together with lanes.
    /// Default: `false`.
    pub thread_affinity: bool,
    /// The lanes by name, which share `max`. Default: none.
    pub lanes: BTreeMap<String, LaneConfig>,
    /// The seed of the jitter; `None` draws one. Default: `None`.
    pub seed: Option<u64>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self::production()
    }
}
