use super::{LoadProblem, Origin, document::Document};
use figment::{
    Figment, Metadata, Provider,
    providers::{Format as _, Json, Toml},
    util::nest,
    value::{Dict, Map, Value},
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// TOML; files that end in `.toml`.
    Toml,
    /// JSON; files that end in `.json`.
    Json,
}

/// Where a configuration is read from; of two that set the same value, the later added holds.
///
/// A variable `MAINSTAY_SERVICE__DATABASE__BULKHEAD__MAX_CONCURRENT` sets `service.database.bulkhead.max_concurrent`.
/// Variables of the prefix without `__` in their name belong to somebody else, unless they begin like a setting
/// (`MAINSTAY_BREAKER_OPEN_FOR`): those are refused, not passed over. Those that begin with `MAINSTAY_CACHE_` are the cache crate's.
/// Default: no source at all.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

#[derive(Clone, Debug)]
enum Source {
    File { path: PathBuf, optional: bool },
    Text { name: String, format: Format, text: String },
    Environment { prefix: String },
    Variables { prefix: String, variables: Vec<(String, String)> },
}

const PREFIX: &str = "MAINSTAY_";

impl Sources {
    /// No source yet.
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

    /// Adds the environment variables that begin with `MAINSTAY_`.
    #[must_use]
    pub fn environment(self) -> Self {
        self.environment_prefixed(PREFIX)
    }

    /// Adds the environment variables that begin with `prefix`, its own `_` included.
    #[must_use]
    pub fn environment_prefixed(self, prefix: impl Into<String>) -> Self {
        self.and(Source::Environment { prefix: prefix.into() })
    }

    /// Adds variables as if they stood in the environment, named with the prefix `MAINSTAY_`.
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

/// The variables that are settings, or look as if they were meant to be, in the order of their names.
fn settings(prefix: &str, variables: impl Iterator<Item = (String, String)>) -> Vec<Piece> {
    let by_name: BTreeMap<_, _> = variables.collect();
    let setting = |(name, value): (String, String)| {
        let key = name.strip_prefix(prefix)?.to_ascii_lowercase();
        is_ours(&key).then(|| Piece::Variable { key: key.replace("__", "."), name, value })
    };
    by_name.into_iter().filter_map(setting).collect()
}

/// What another crate of this house reads, under a prefix that begins with ours: `MAINSTAY_CACHE_`.
const SIBLINGS: [&str; 1] = ["cache_"];

fn is_ours(key: &str) -> bool {
    if SIBLINGS.iter().any(|sibling| key.starts_with(sibling)) {
        return false;
    }
    let begins_like = |known| {
        let rest = key.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    key.contains("__") || Document::root_keys().any(begins_like)
}

/// What the sources held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
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
