use crate::error::ConfigError;

/// The map behind the memory layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum MemoryKind {
    /// `quick_cache`: the cheapest hit, and the better hit rate on most streams.
    #[default]
    QuickCache,
    /// `moka` (W-TinyLFU): for streams with a stable hot set under long scans.
    Moka,
}

/// The memory layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// Most entries kept, over all regions; with `max_weight`, how many there are likely to be. `Moka` holds up to a 64th
    /// more, or one, until its policy has decided what gives way. Default 1,000.
    pub capacity: usize,
    /// Most weight kept, over all regions, instead of a count: each region's weigher says what its values weigh, and where
    /// there is none it is about the bytes of an entry, without what the value points to. `QuickCache` keeps nothing that
    /// is heavier than an eighth of it. Default none.
    pub max_weight: Option<u64>,
    /// The map behind it. Default `QuickCache`.
    pub kind: MemoryKind,
    /// Whether to estimate what other capacities would give: `Cache::ghost`. Costs each read a hash of its key, and a sample
    /// of them three lookups more. Default no.
    pub ghost: bool,
    /// Most tag stamps, and most pattern stamps, remembered one by one; beyond that the oldest give way to a floor that
    /// makes everything older than they are dead. Default 4,096.
    pub stamps: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { capacity: 1_000, max_weight: None, kind: MemoryKind::QuickCache, ghost: false, stamps: 4_096 }
    }
}

impl MemoryConfig {
    /// Sets the most entries kept. Default 1,000.
    #[must_use]
    pub fn capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// Sets the map. Default [`MemoryKind::QuickCache`].
    #[must_use]
    pub fn kind(mut self, kind: MemoryKind) -> Self {
        self.kind = kind;
        self
    }

    /// Bounds memory by weight instead of by count. Default none.
    #[must_use]
    pub fn max_weight(mut self, weight: u64) -> Self {
        self.max_weight = Some(weight);
        self
    }

    /// Turns the estimates of other capacities on or off. Default off.
    #[must_use]
    pub fn ghost(mut self, on: bool) -> Self {
        self.ghost = on;
        self
    }

    /// Sets how many stamps are remembered one by one. Default 4,096.
    #[must_use]
    pub fn stamps(mut self, stamps: usize) -> Self {
        self.stamps = stamps;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=100_000_000).contains(&self.capacity) {
            return Err(ConfigError::new("capacity", self.capacity, "1 to 100,000,000"));
        }
        if self.max_weight.is_some_and(|weight| !(64..=1 << 50).contains(&weight)) {
            let weight = self.max_weight.unwrap_or_default();
            return Err(ConfigError::new("max_weight", weight, "64 to 2^50"));
        }
        if !(8..=1_000_000).contains(&self.stamps) {
            return Err(ConfigError::new("stamps", self.stamps, "8 to 1,000,000"));
        }
        Ok(())
    }
}
