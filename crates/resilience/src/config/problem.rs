use super::Origin;
use std::fmt;

/// Everything that is wrong with a configuration, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError {
    /// What is wrong; at least one thing.
    pub problems: Vec<LoadProblem>,
}

/// One thing that is wrong with a configuration.
///
/// A `path` is spelt as in a TOML file: `service.database.breaker.open_for`, `memory.capacity`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    #[error("{path} = {value} cannot be read: {message}{}; set in {origin}", did_you_mean(.suggestion, &[]))]
    Malformed {
        /// The setting.
        path: String,
        /// What it was set to.
        value: String,
        /// What is wrong with it, and what would be understood.
        message: String,
        /// The word it resembles most, where only certain words are understood.
        suggestion: Option<String>,
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

impl LoadProblem {
    /// There is no setting called `name`, but those of `known`.
    #[doc(hidden)]
    pub fn unknown(path: String, name: &str, known: &[&str], origin: Origin) -> Self {
        Self::UnknownKey {
            path,
            suggestion: resembling(name, known.iter().copied()),
            known: known.iter().map(|&name| name.to_owned()).collect(),
            origin,
        }
    }
}

fn did_you_mean(suggestion: &Option<String>, known: &[String]) -> String {
    match suggestion {
        Some(name) => format!(", did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => format!(", there are: {}", known.join(", ")),
    }
}

/// The one of `known` that `name` resembles, if it resembles any.
pub fn resembling<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}

impl From<Vec<LoadProblem>> for LoadError {
    fn from(problems: Vec<LoadProblem>) -> Self {
        Self { problems }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration was refused, {} problem(s):", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

impl std::error::Error for LoadError {}
