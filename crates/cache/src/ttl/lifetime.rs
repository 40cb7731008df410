use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long values live: so long, or as long as a name says at the moment they are stored. Default 300 s.
///
/// ```
/// use mainstay_cache::{LiveTtl, Ttl, TtlTable};
/// use std::time::Duration;
///
/// let table = LiveTtl::new(TtlTable::default())?;
/// let searches = table.get("search_results").expect("a line of the default table");
/// assert_eq!(searches.ttl(), Duration::from_secs(300));
/// table.set("search_results", Duration::from_secs(60))?;
/// assert_eq!(searches.ttl(), Duration::from_secs(60));
/// # Ok::<(), mainstay_cache::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// Always so long.
    Fixed(Duration),
    /// What a [`LiveTtl`](super::LiveTtl) says of a name.
    Named(NamedTtl),
}

impl Ttl {
    /// How long a value that is stored now lives. One atomic load.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        match self {
            Self::Fixed(ttl) => *ttl,
            Self::Named(named) => named.ttl(),
        }
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self::Fixed(Duration::from_secs(300))
    }
}

impl From<Duration> for Ttl {
    fn from(ttl: Duration) -> Self {
        Self::Fixed(ttl)
    }
}

/// A name is followed by each of its clones.
impl From<&Self> for Ttl {
    fn from(ttl: &Self) -> Self {
        ttl.clone()
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ttl) => write!(f, "{ttl:?}"),
            Self::Named(named) => write!(f, "{:?} by `{}`", named.ttl(), named.name),
        }
    }
}

/// A name of a [`LiveTtl`](super::LiveTtl), resolved once. Clones follow the same name; two are equal if they follow the same name of
/// the same table.
#[derive(Clone)]
pub struct NamedTtl {
    pub(super) name: Arc<str>,
    /// Nanoseconds; the table writes, all who follow read.
    pub(super) now: Arc<AtomicU64>,
}

impl NamedTtl {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says now.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        Duration::from_nanos(self.now.load(Ordering::Relaxed))
    }
}

impl PartialEq for NamedTtl {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.now, &other.now)
    }
}

impl Eq for NamedTtl {}

impl From<NamedTtl> for Ttl {
    fn from(named: NamedTtl) -> Self {
        Self::Named(named)
    }
}

impl fmt::Debug for NamedTtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedTtl").field("name", &self.name).field("now", &self.ttl()).finish()
    }
}

/// What holds now: a file knows no table to follow.
#[cfg(feature = "config")]
impl serde::Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        humantime_serde::serialize(&self.ttl(), serializer)
    }
}

#[cfg(feature = "config")]
impl<'de> serde::Deserialize<'de> for Ttl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        humantime_serde::deserialize(deserializer).map(Self::Fixed)
    }
}
