use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How long a call may take. Default: 10 s, the limit for ordinary endpoints in the report mainstay starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TimeoutConfig {
    /// The limit, from the first poll. Default 10 s; above 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub after: Duration,
    /// Counts the calls that take longer, and cancels none. Default no.
    pub shadow: bool,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self { after: Duration::from_secs(10), shadow: false }
    }
}

impl From<Duration> for TimeoutConfig {
    fn from(after: Duration) -> Self {
        Self { after, ..Self::default() }
    }
}

impl TimeoutConfig {
    setters! {
        /// Sets the limit. Default 10 s; above 0.
        after: Duration,
        /// Sets whether it only counts. Default no.
        shadow: bool,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(!self.after.is_zero(), "after", self.after, "longer than 0s");
    }
}
