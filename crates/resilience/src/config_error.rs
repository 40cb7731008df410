use std::sync::Arc;

/// A configuration value out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}`: {field} = {value} is out of range: it must be {allowed}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The policy's name.
    pub policy: Arc<str>,
    /// The field as it is spelt in configuration.
    pub field: &'static str,
    /// What it was set to.
    pub value: String,
    /// What would be accepted.
    pub allowed: &'static str,
}

impl ConfigError {
    pub(crate) fn new(
        policy: &Arc<str>,
        field: &'static str,
        value: impl ToString,
        allowed: &'static str,
    ) -> Self {
        Self { policy: policy.clone(), field, value: value.to_string(), allowed }
    }
}
