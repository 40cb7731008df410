use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How many keys are remembered, and for how long at least. Default 10,000, and an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct KeyedConfig {
    /// Most keys at a time. Default 10,000; at least 1.
    pub max_keys: usize,
    /// How long nobody must have asked for a key before it may be forgotten with what its policy remembers: an open breaker
    /// of a host that is gone. Default 1 h; above 0, and better longer than breakers stay open. A rate limit is not forgotten
    /// by this, only when it is full.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub forget_after: Duration,
}

impl Default for KeyedConfig {
    fn default() -> Self {
        Self { max_keys: 10_000, forget_after: Duration::from_secs(3_600) }
    }
}

impl KeyedConfig {
    setters! {
        /// Sets the most keys at a time. Default 10,000; at least 1.
        max_keys: usize,
        /// Sets how long nobody must have asked for a key before it may be forgotten with what its policy remembers. Default
        /// 1 h; above 0.
        forget_after: Duration,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_keys > 0, "max_keys", self.max_keys, "at least 1");
        let forget_after = self.forget_after;
        problems.require(!forget_after.is_zero(), "forget_after", forget_after, "longer than 0s");
    }
}
