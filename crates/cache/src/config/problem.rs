use std::fmt;

use super::Origin;

/// Everything that is wrong with a configuration, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError {
    /// What is wrong; at least one thing.
    pub problems: Vec<LoadProblem>,
}

/// One thing that is wrong with a configuration.
///
/// A `path` is spelt as in a TOML file: `memory.capacity`. Of a URL no user and no password is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadProblem {
    /// A source could not be read or is not in its format.
    #[error("{origin} cannot be read: {message}")]
    Unreadable {
        /// The source.
        origin: Origin,
        /// What the system or the parser said.
        message: String,
    },
    /// There is no setting of this name.
    #[error("{path}: no such setting{}; set in {origin}", did_you_mean(.suggestion, .known))]
    UnknownKey {
        /// The setting.
        path: String,
        /// The name it resembles most.
        suggestion: Option<String>,
        /// All names that could stand there.
        known: Vec<String>,
        /// Who set it.
        origin: Origin,
    },
    /// The value is not of the setting's type.
    #[error("{path} = {value} cannot be read: {message}; set in {origin}")]
    Malformed {
        /// The setting.
        path: String,
        /// What it was set to.
        value: String,
        /// What is wrong with it, and what would be understood.
        message: String,
        /// Who set it.
        origin: Origin,
    },
    /// The value is understood and not accepted.
    #[error("{path} = {value} is out of range: it must be {allowed}; set in {origin}")]
    OutOfRange {
        /// The setting.
        path: String,
        /// What it was set to.
        value: String,
        /// What would be accepted.
        allowed: String,
        /// Who set it.
        origin: Origin,
    },
}

fn did_you_mean(suggestion: &Option<String>, known: &[String]) -> String {
    match suggestion {
        Some(name) => format!(", did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => format!(", there are: {}", known.join(", ")),
    }
}

/// The one of `known` that `name` resembles, if it resembles any.
pub(super) fn resembling<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration was refused, {} problem(s):", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

impl std::error::Error for LoadError {}
