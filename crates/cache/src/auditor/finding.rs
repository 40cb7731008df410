use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::entry::Entry;
use crate::warm::HotKey;

/// Which of two sides was behind the other for longer than the cache promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Incoherence {
    /// Memory serves an older value than Redis holds.
    MemoryOlderThanRedis,
    /// Redis holds an older version than the source has.
    RedisOlderThanSource,
    /// Memory serves an older version than the source has.
    MemoryOlderThanSource,
}

impl Incoherence {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 3] =
        [Self::MemoryOlderThanRedis, Self::RedisOlderThanSource, Self::MemoryOlderThanSource];

    /// As labels and log lines say it: `memory_older_than_redis`, ….
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemoryOlderThanRedis => "memory_older_than_redis",
            Self::RedisOlderThanSource => "redis_older_than_source",
            Self::MemoryOlderThanSource => "memory_older_than_source",
        }
    }
}

impl fmt::Display for Incoherence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The key of an entry that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Audited {
    /// The region it was kept by.
    pub region: String,
    /// The rendered key, the region's name included: `property:12`.
    pub key: String,
}

impl Audited {
    /// The key's components behind the region's name; see [`HotKey::components`].
    #[must_use]
    pub fn components(&self) -> Vec<String> {
        HotKey::new(&*self.region, &*self.key, 0.0).components()
    }

    /// The typed key, where it is of one component: `audited.parse::<u64>()`.
    #[must_use]
    pub fn parse<K: FromStr>(&self) -> Option<K> {
        HotKey::new(&*self.region, &*self.key, 0.0).parse()
    }
}

/// What a layer held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Side {
    /// The namespace clock before its load began.
    pub born: u64,
    /// The source's version, 0 for none.
    pub version: u64,
    /// When it was loaded or set, on any node.
    pub created: SystemTime,
}

impl From<&Entry> for Side {
    fn from(entry: &Entry) -> Self {
        let created = UNIX_EPOCH + Duration::from_millis(entry.created_ms);
        Self { born: entry.born, version: entry.version, created }
    }
}

/// An entry that two sides disagreed about, twice, with more time between than the cache promises.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The entry.
    pub of: Audited,
    /// Which side was behind.
    pub kind: Incoherence,
    /// What memory served at both looks; none if it served nothing, or not the same.
    pub memory: Option<Side>,
    /// What Redis held at the second look, if it was alive.
    pub redis: Option<Side>,
    /// The source's version at the first look, or at the second if that is less.
    pub source: Option<u64>,
    /// Time between the two looks.
    pub lasted: Duration,
    /// When the second look was.
    pub at: SystemTime,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} for {:?}", self.of.key, self.kind, self.lasted)?;
        for (name, side) in [("memory", &self.memory), ("redis", &self.redis)] {
            if let Some(side) = side {
                write!(f, ", {name} born {} version {}", side.born, side.version)?;
            }
        }
        if let Some(source) = self.source {
            write!(f, ", source version {source}")?;
        }
        Ok(())
    }
}
