use crate::{ConfigError, config_error::Problems};
use std::sync::Arc;

/// How many keys are remembered. Default 10,000.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct KeyedConfig {
    /// Most keys at a time. Default 10,000; at least 1.
    pub max_keys: usize,
}

impl Default for KeyedConfig {
    fn default() -> Self {
        Self { max_keys: 10_000 }
    }
}

impl KeyedConfig {
    /// Sets the most keys at a time. Default 10,000; at least 1.
    #[must_use]
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Checks every field; `name` is the policy's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        problems.into_result(name)
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_keys > 0, "max_keys", self.max_keys, "at least 1");
    }
}
