/// What one lane of a pool may count on, and what it may not exceed.
///
/// ```
/// use mainstay_pool::{LaneConfig, PoolConfig};
///
/// let config = PoolConfig::production()
///     .lane("checkout", LaneConfig::default().guaranteed(8))
///     .lane("reports", LaneConfig::default().cap(4));
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct LaneConfig {
    /// Connections that no other lane can take from it. Default: 0.
    pub guaranteed: usize,
    /// The most connections its callers hold at once; `None` for the pool's maximum. Default: `None`.
    pub cap: Option<usize>,
}

impl LaneConfig {
    /// Sets how many connections no other lane can take from it (0 to `cap`; all lanes together less than the pool's `max`).
    #[must_use]
    pub const fn guaranteed(mut self, guaranteed: usize) -> Self {
        self.guaranteed = guaranteed;
        self
    }

    /// Sets the most connections its callers hold at once (1 to the pool's `max`).
    #[must_use]
    pub const fn cap(mut self, cap: usize) -> Self {
        self.cap = Some(cap);
        self
    }
}
