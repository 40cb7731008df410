use std::fmt;

/// A configuration value outside what it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}, allowed is {allowed}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The field at fault, as it is written in code and files.
    pub field: &'static str,
    /// What it was.
    pub value: String,
    /// What it may be.
    pub allowed: &'static str,
}

impl ConfigError {
    pub(crate) fn new(field: &'static str, value: impl fmt::Display, allowed: &'static str) -> Self {
        Self { field, value: value.to_string(), allowed }
    }
}

/// Why a cache or region could not be made, or a value not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// A configuration value is out of range.
    #[error("cache `{cache}`: {source}")]
    Config {
        /// The cache being built or asked.
        cache: String,
        /// The value at fault.
        source: ConfigError,
    },
    /// The region exists already with another type, schema or other options; use one definition for one name.
    #[error("cache `{cache}`: region `{region}` is already open with another type, schema or other options")]
    RegionConflict {
        /// The cache asked.
        cache: String,
        /// The region's name.
        region: String,
    },
    /// The value does not serialise, so no shared layer can hold it; nothing was written, the old value is invalidated.
    #[error("cache `{cache}`: the value for `{key}` does not serialise: {reason}")]
    Encode {
        /// The cache asked.
        cache: String,
        /// The rendered key.
        key: String,
        /// What the codec said.
        reason: String,
    },
    /// The address of Redis cannot be used; mend the URL.
    #[error("cache `{cache}`: Redis: {reason}")]
    Redis {
        /// The cache being built.
        cache: String,
        /// What the client said.
        reason: String,
    },
    /// The SQL layer could not be opened or its table not be made.
    #[error("cache `{cache}`: SQL layer: {reason}")]
    Sql {
        /// The cache being built.
        cache: String,
        /// What the database said.
        reason: String,
    },
}

/// Why `get_or_load` has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// This call's own loader failed; nothing was cached, and whoever waited for it runs their own.
    #[error("loading `{key}` failed: {source}")]
    Loader {
        /// The rendered key.
        key: String,
        /// The loader's error.
        source: E,
    },
}

impl<E> LoadError<E> {
    /// The loader's own error.
    pub fn into_loader(self) -> Option<E> {
        match self {
            Self::Loader { source, .. } => Some(source),
        }
    }
}
