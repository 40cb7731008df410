use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};

/// How much retries and hedges may add to the traffic.
///
/// Default: a tenth of the calls, a hundred saved at most, and one a second however few calls there are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BudgetConfig {
    /// Extra attempts for each call. Default 0.1; 0 to 1.
    pub share: f64,
    /// Extra attempts a second that are granted in any case. Default 1; 0 to 1,000,000.
    ///
    /// Without it a service of one call a minute could not retry at all. It is a floor and adds nothing to the share:
    /// with the defaults it is felt below ten calls a second.
    pub min_per_second: f64,
    /// Extra attempts that calls may save up for later. Default 100, as the AWS SDKs' standard mode has long had (500 tokens,
    /// five a retry); 1 to 1,000,000.
    pub max_saved: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { share: 0.1, min_per_second: 1.0, max_saved: 100 }
    }
}

impl BudgetConfig {
    setters! {
        /// Sets the extra attempts for each call. Default 0.1; 0 to 1.
        share: f64,
        /// Sets the extra attempts a second that are granted in any case. Default 1; 0 to 1,000,000.
        min_per_second: f64,
        /// Sets the extra attempts that may be saved up. Default 100; 1 to 1,000,000.
        max_saved: u32,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require((0.0..=1.0).contains(&self.share), "share", self.share, "0 to 1");
        let floor = self.min_per_second;
        problems.require((0.0..=1e6).contains(&floor), "min_per_second", floor, "0 to 1000000");
        let saved = self.max_saved;
        problems.require((1..=1_000_000).contains(&saved), "max_saved", saved, "1 to 1000000");
    }
}
