use super::{Environment, Origin, Reading, environment::of_the_process, reading::Piece};
use std::{
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
/// A variable is a prefix and the path of a setting, with `__` between its parts.
///
/// | read as | prefix | for example | sets |
/// |---|---|---|---|
/// | [`ResilienceConfig`](super::ResilienceConfig) | `MAINSTAY_` | `MAINSTAY_SERVICE__DATABASE__BREAKER__OPEN_FOR` | `service.database.breaker.open_for` |
/// | `CacheConfig` of `mainstay-cache` | `MAINSTAY_CACHE_` | `MAINSTAY_CACHE_MEMORY__CAPACITY` | `memory.capacity` |
///
/// A variable with the cache's prefix that is no setting is refused, not passed over. So is one of `MAINSTAY_` that begins like a
/// setting (`MAINSTAY_BREAKER_OPEN_FOR`); without that and without `__` it belongs to somebody else. Default: no source at all.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

#[derive(Clone, Debug)]
enum Source {
    File {
        path: PathBuf,
        optional: bool,
    },
    Text {
        name: String,
        format: Format,
        text: String,
    },
    /// Without a prefix of its own it has that of whoever reads it.
    Environment {
        prefix: Option<String>,
    },
    Variables(Vec<(String, String)>),
}

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

    /// Adds the environment variables that begin with the prefix of what is read.
    #[must_use]
    pub fn environment(self) -> Self {
        self.and(Source::Environment { prefix: None })
    }

    /// Adds the environment variables that begin with `prefix`, its own `_` included.
    #[must_use]
    pub fn environment_prefixed(self, prefix: impl Into<String>) -> Self {
        self.and(Source::Environment { prefix: Some(prefix.into()) })
    }

    /// Adds variables as if they stood in the environment, named with the prefix of what is read.
    #[must_use]
    pub fn variables<K: Into<String>, V: Into<String>>(
        self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.and(Source::Variables(variables))
    }

    fn and(mut self, source: Source) -> Self {
        self.0.push(source);
        self
    }

    /// Reads all of them, and understands none yet: two readings are equal if nothing has changed in between.
    #[doc(hidden)]
    pub fn read(&self, environment: &Environment) -> Reading {
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
                    let prefix = prefix.as_deref().unwrap_or(environment.prefix);
                    let variables = environment.settings(prefix, of_the_process());
                    pieces.extend(variables.into_iter().map(Piece::Variable));
                }
                Source::Variables(variables) => {
                    let variables = environment.settings(environment.prefix, variables.iter().cloned());
                    pieces.extend(variables.into_iter().map(Piece::Variable));
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
