use std::fmt;
use std::time::Duration;

/// A configuration value outside what it may be, and the others beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The field at fault, as it is written in code and files.
    pub field: &'static str,
    /// What it was.
    pub value: String,
    /// What it may be.
    pub allowed: &'static str,
    /// What else is wrong.
    pub also: Vec<Self>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, allowed is {}", self.field, self.value, self.allowed)?;
        self.also.iter().try_for_each(|other| write!(f, "; {other}"))
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(crate) fn new(field: &'static str, value: impl fmt::Display, allowed: &'static str) -> Self {
        Self { field, value: value.to_string(), allowed, also: Vec::new() }
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
    /// The value is of an older version of the source than what is there or was invalidated; nothing was written.
    #[error(
        "cache `{cache}`: version {version} of `{key}` is older than what is known of its source; it was not written"
    )]
    Outdated {
        /// The cache asked.
        cache: String,
        /// The rendered key.
        key: String,
        /// The version that came too late.
        version: u64,
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
        /// The rendered key; of a batch, the first.
        key: String,
        /// The loader's error.
        source: E,
    },
    /// There is no such thing: the loader said so, now or earlier. [`get_or_load_optional`](crate::Region::get_or_load_optional)
    /// answers `None` instead.
    #[error("`{key}` is known to have no value")]
    Absent {
        /// The rendered key.
        key: String,
    },
    /// No answer within the hard timeout; the load may go on behind the caller.
    #[error("loading `{key}` took longer than {limit:?}")]
    TimedOut {
        /// The rendered key.
        key: String,
        /// The hard timeout.
        limit: Duration,
    },
    /// The load was not begun: as many run already as the load budget allows. Try again later.
    #[error("loading `{key}` was not begun: the load budget is used up")]
    BudgetExhausted {
        /// The rendered key; of a batch, the first.
        key: String,
        /// When there may be a place, where that is known.
        retry_after: Option<Duration>,
    },
    /// The loader answered that nothing changed, yet there was no old value: ask
    /// [`LoadContext::stale`](crate::LoadContext::stale) or [`LoadContext::etag`](crate::LoadContext::etag) first.
    #[error("the loader of `{key}` answered `NotModified`, yet no old value is there to keep")]
    NothingToKeep {
        /// The rendered key.
        key: String,
    },
    /// A batch loader answered another number of values than it was asked for.
    #[error("the batch loader was asked for {wanted} values and answered {given}")]
    BatchLength {
        /// How many keys it was asked for.
        wanted: usize,
        /// How many values it answered.
        given: usize,
    },
}

impl<E> LoadError<E> {
    /// The loader's own error.
    pub fn into_loader(self) -> Option<E> {
        match self {
            Self::Loader { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the loader itself failed.
    pub fn is_loader(&self) -> bool {
        matches!(self, Self::Loader { .. })
    }

    /// Whether it is known that there is no value.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }

    /// Whether it took longer than the hard timeout.
    pub fn is_timed_out(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether the load was not begun for want of budget.
    pub fn is_budget_exhausted(&self) -> bool {
        matches!(self, Self::BudgetExhausted { .. })
    }
}
