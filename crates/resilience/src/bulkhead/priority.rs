/// How much a call matters. Default [`Normal`](Self::Normal).
///
/// Who waits with a higher priority goes first. Where the queue is full, an arrival of higher priority takes the place
/// in it of the newest waiter of the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
// A word wide, since it is copied together with pointers: see the figures of `bulkhead_uncontended`.
#[repr(usize)]
pub enum Priority {
    /// Work nobody waits for: prefetching, reports, batches.
    Low,
    /// Ordinary calls.
    #[default]
    Normal,
    /// Somebody waits, and would notice.
    High,
    /// The service cannot do without: payments, health checks.
    Critical,
}

impl Priority {
    /// From the lowest to the highest.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];
}

/// Up to which percentage of the limit each priority is let in, lowest priority first.
///
/// What the percentages leave is kept free for whoever is more important. No share is less than one place, or a
/// fraction of a small limit would lock a priority out for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares([u8; 4]);

impl Shares {
    /// Every priority may use all of it.
    pub(crate) const WHOLE: Self = Self([100; 4]);

    pub(crate) const fn new(percentages: [u8; 4]) -> Self {
        Self(percentages)
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits.to_le_bytes())
    }

    pub(crate) const fn bits(self) -> u32 {
        u32::from_le_bytes(self.0)
    }

    /// The share of `limit` up to which `priority` is let in.
    pub(crate) fn of(self, limit: usize, priority: Priority) -> usize {
        match self.0[priority as usize] {
            100.. => limit,
            percent => (limit * usize::from(percent) / 100).max(1),
        }
    }
}
