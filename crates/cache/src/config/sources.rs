use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Json, Toml};
use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Provider};

use super::{LoadProblem, Origin};

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// TOML; files that end in `.toml`.
    Toml,
    /// JSON; files that end in `.json`.
    Json,
}

/// Where a configuration is read from; of two that set the same value, the later added holds.
///
/// A variable `MAINSTAY_CACHE_MEMORY__CAPACITY` sets `memory.capacity`, `MAINSTAY_CACHE_PROFILE` the profile. Every variable with the
/// prefix is a setting: one that is none is refused, not passed over. Default: no source at all.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

#[derive(Debug, Clone)]
enum Source {
    File { path: PathBuf, optional: bool },
    Text { name: String, format: Format, text: String },
    Environment { prefix: String },
    Variables { prefix: String, variables: Vec<(String, String)> },
}

const PREFIX: &str = "MAINSTAY_CACHE_";

impl Sources {
    /// No source yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, `.toml` or `.json`, which must be there.
    #[must_use]
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.and(Source::File { path: path.into(), optional: false })
    }

    /// Adds a file, `.toml` or `.json`, that may be absent.
    #[must_use]
    pub fn optional_file(self, path: impl Into<PathBuf>) -> Self {
        self.and(Source::File { path: path.into(), optional: true })
    }

    /// Adds a text, called `name` in errors.
    #[must_use]
    pub fn text(self, name: impl Into<String>, format: Format, text: impl Into<String>) -> Self {
        self.and(Source::Text { name: name.into(), format, text: text.into() })
    }

    /// Adds the environment variables that begin with `MAINSTAY_CACHE_`.
    #[must_use]
    pub fn environment(self) -> Self {
        self.environment_prefixed(PREFIX)
    }

    /// Adds the environment variables that begin with `prefix`, its own `_` included.
    #[must_use]
    pub fn environment_prefixed(self, prefix: impl Into<String>) -> Self {
        self.and(Source::Environment { prefix: prefix.into() })
    }

    /// Adds variables as if they stood in the environment, named with the prefix `MAINSTAY_CACHE_`.
    #[must_use]
    pub fn variables<K: Into<String>, V: Into<String>>(
        self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.and(Source::Variables { prefix: PREFIX.into(), variables })
    }

    fn and(mut self, source: Source) -> Self {
        self.0.push(source);
        self
    }

    /// Reads all of them, and understands none yet: two readings are equal if nothing has changed in between.
    pub(super) fn read(&self) -> Reading {
        let mut pieces = Vec::new();
        for source in &self.0 {
            match source {
                Source::File { path, optional } => {
                    let origin = Origin::File(path.clone());
                    match read_file(path) {
                        Ok((format, text)) => pieces.push(Piece::Text { origin, format, text }),
                        Err(error) if *optional && error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => pieces.push(Piece::Unreadable { origin, message: error.to_string() }),
                    }
                }
                Source::Text { name, format, text } => pieces.push(Piece::Text {
                    origin: Origin::Text(name.clone()),
                    format: *format,
                    text: text.clone(),
                }),
                Source::Environment { prefix } => {
                    let lossy = |text: OsString| text.to_string_lossy().into_owned();
                    let variables = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
                    pieces.extend(settings(prefix, variables));
                }
                Source::Variables { prefix, variables } => {
                    pieces.extend(settings(prefix, variables.iter().cloned()));
                }
            }
        }
        Reading(pieces)
    }
}

fn read_file(path: &Path) -> io::Result<(Format, String)> {
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => Format::Toml,
        Some("json") => Format::Json,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "its name must end in .toml or .json")),
    };
    Ok((format, std::fs::read_to_string(path)?))
}

/// The variables with the prefix, in the order of their names.
fn settings(prefix: &str, variables: impl Iterator<Item = (String, String)>) -> Vec<Piece> {
    let by_name: BTreeMap<_, _> = variables.collect();
    let setting = |(name, value): (String, String)| {
        let key = name.strip_prefix(prefix)?.to_ascii_lowercase().replace("__", ".");
        Some(Piece::Variable { key, name, value })
    };
    by_name.into_iter().filter_map(setting).collect()
}

/// What the sources held at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text { origin: Origin, format: Format, text: String },
    Variable { key: String, name: String, value: String },
    Unreadable { origin: Origin, message: String },
}

impl Reading {
    /// All pieces as one document; what cannot be read is noted in `problems` and left out.
    pub(super) fn merge(&self, problems: &mut Vec<LoadProblem>) -> Figment {
        let mut merged = Figment::new();
        for piece in &self.0 {
            match piece.parse() {
                Ok(part) => merged = merged.merge(part),
                Err((origin, message)) => problems.push(LoadProblem::Unreadable { origin, message }),
            }
        }
        merged
    }
}

impl Piece {
    fn parse(&self) -> Result<Part, (Origin, String)> {
        match self {
            Self::Text { origin, format, text } => match format {
                Format::Toml => Toml::from_str(text).map_err(|error| error.to_string()),
                Format::Json => Json::from_str(text).map_err(|error| error.to_string()),
            }
            .map(|dict| Part { origin: origin.clone(), dict })
            .map_err(|message| (origin.clone(), message.trim_end().to_owned())),
            Self::Variable { key, name, value } => {
                // What figment does not understand as a number, a list or a table is text.
                let value = value.parse().unwrap_or_else(|_| Value::from(value.as_str()));
                let dict = nest(key, value).into_dict().unwrap_or_default();
                Ok(Part { origin: Origin::Variable(name.clone()), dict })
            }
            Self::Unreadable { origin, message } => Err((origin.clone(), message.clone())),
        }
    }
}

/// A piece that was understood, for figment to merge and to remember where it came from.
struct Part {
    origin: Origin,
    dict: Dict,
}

impl Provider for Part {
    fn metadata(&self) -> Metadata {
        self.origin.metadata()
    }

    fn data(&self) -> figment::Result<Map<figment::Profile, Dict>> {
        Ok(figment::Profile::Default.collect(self.dict.clone()))
    }
}
