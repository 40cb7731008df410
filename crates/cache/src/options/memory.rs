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
    /// Most entries kept, over all regions. Default 1,000.
    pub capacity: usize,
    /// The map behind it. Default `QuickCache`.
    pub kind: MemoryKind,
    /// Most tag stamps, and most pattern stamps, remembered one by one; beyond that the oldest give way to a floor that
    /// makes everything older than they are dead. Default 4,096.
    pub stamps: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { capacity: 1_000, kind: MemoryKind::QuickCache, stamps: 4_096 }
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
        if !(8..=1_000_000).contains(&self.stamps) {
            return Err(ConfigError::new("stamps", self.stamps, "8 to 1,000,000"));
        }
        Ok(())
    }
}
