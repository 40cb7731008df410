#[cfg(feature = "config")]
use crate::config_error::Problems;
use crate::config_macros::setters;

/// How a fallback works. What it answers is code, and given to [`Fallback`](super::Fallback) itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct FallbackConfig {
    /// Counts the calls in which it would have answered, and answers none. Default no.
    pub shadow: bool,
}

impl FallbackConfig {
    setters! {
        /// Sets whether it only counts. Default no.
        shadow: bool,
    }

    /// Nothing in it can be out of range.
    #[cfg(feature = "config")]
    pub(crate) fn check(&self, _problems: &mut Problems) {}
}
