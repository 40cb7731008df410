use crate::{bulkhead::Shares, config_error::Problems};

/// Up to which percentage of the limit calls of each priority are let in; critical ones may use all of it.
///
/// What a share leaves is kept free for whoever is more important: with `normal: 80` ordinary calls find no place once
/// 80 % of the limit run, whoever they are, and important ones do. No share is less than one place. Default: 100 for
/// all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct PriorityShares {
    /// For [`Priority::Low`](crate::bulkhead::Priority::Low). Default 100; 1 to 100, at most `normal`.
    pub low: u8,
    /// For [`Priority::Normal`](crate::bulkhead::Priority::Normal). Default 100; 1 to 100, at most `high`.
    pub normal: u8,
    /// For [`Priority::High`](crate::bulkhead::Priority::High). Default 100; 1 to 100.
    pub high: u8,
}

impl Default for PriorityShares {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl PriorityShares {
    /// Every priority may use all of the limit.
    pub const WHOLE: Self = Self::new(100, 100, 100);

    /// These percentages.
    pub const fn new(low: u8, normal: u8, high: u8) -> Self {
        Self { low, normal, high }
    }

    pub(super) fn check(self, problems: &mut Problems) {
        let Self { low, normal, high } = self;
        problems.require((1..=100).contains(&high), "shares.high", high, "1 to 100");
        problems.require((1..=high).contains(&normal), "shares.normal", normal, "1 to `shares.high`");
        problems.require((1..=normal).contains(&low), "shares.low", low, "1 to `shares.normal`");
    }

    pub(super) fn shares(self) -> Shares {
        Shares::new([self.low, self.normal, self.high, 100])
    }
}
