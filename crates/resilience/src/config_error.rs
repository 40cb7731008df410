use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// The longest time that a configuration takes where it takes any.
pub(crate) const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A configuration out of range, with everything that is wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The policy's name.
    pub policy: Arc<str>,
    /// Each field that is out of range; at least one.
    pub problems: Vec<ConfigProblem>,
}

/// A field out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The field as it is spelt in configuration.
    pub field: Cow<'static, str>,
    /// What it was set to.
    pub value: String,
    /// What would be accepted.
    pub allowed: Cow<'static, str>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} is out of range: it must be {}", self.field, self.value, self.allowed)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy `{}`: ", self.policy)?;
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Collects what is wrong with a configuration, so that it is all said at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<ConfigProblem>);

impl Problems {
    /// Notes the field unless `holds`.
    pub(crate) fn require(
        &mut self,
        holds: bool,
        field: impl Into<Cow<'static, str>>,
        value: impl fmt::Debug,
        allowed: impl Into<Cow<'static, str>>,
    ) {
        if !holds {
            let (field, allowed) = (field.into(), allowed.into());
            self.0.push(ConfigProblem { field, value: format!("{value:?}"), allowed });
        }
    }

    /// All that was noted.
    #[cfg(feature = "config")]
    pub(crate) fn into_vec(self) -> Vec<ConfigProblem> {
        self.0
    }

    /// An error of all that was noted, if anything was.
    pub(crate) fn into_result(self, policy: &Arc<str>) -> Result<(), ConfigError> {
        if self.0.is_empty() { Ok(()) } else { Err(ConfigError { policy: policy.clone(), problems: self.0 }) }
    }
}
