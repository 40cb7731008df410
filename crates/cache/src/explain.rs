use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::codec::{Codec, Encoding};
use crate::descend::Seen;
use crate::entry::{Entry, Source};
use crate::inner::Inner;
use crate::life::Stage;
use crate::region::RegionMeta;

/// Why a read of a key hits, misses or is refused, layer by layer, at one moment. Prints as a few lines of text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The rendered key.
    pub key: String,
    /// What memory has.
    pub l1: InMemory,
    /// Whether it is being loaded in this process: who misses now waits for that.
    pub loading: bool,
    /// What Redis has, if there is one.
    pub l2: Option<Stored>,
    /// What the SQL layer has, if there is one.
    pub l3: Option<Stored>,
}

/// What memory has for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InMemory {
    /// The region's options leave it out.
    NotAsked,
    /// Nothing.
    Empty,
    /// An entry.
    Entry {
        /// What becomes of it.
        verdict: Verdict,
        /// Time since it was loaded or set.
        age: Duration,
        /// The namespace clock before its load began.
        born: u64,
        /// The source's version, 0 for none.
        version: u64,
        /// How many tags it bears.
        tags: usize,
    },
}

/// What a shared layer has for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// The region's options leave the layer out.
    NotAsked,
    /// The layer is owed invalidations and not read before it was told.
    Owed(usize),
    /// It did not answer.
    Away(String),
    /// Nothing.
    Empty,
    /// Bytes that are no value of this region and schema.
    Foreign(String),
    /// An entry.
    Entry {
        /// What becomes of it.
        verdict: Verdict,
        /// Time since it was loaded or set, on any node.
        age: Duration,
        /// The namespace clock before its load began.
        born: u64,
        /// The source's version, 0 for none.
        version: u64,
        /// The number of its schema, which is the region's.
        schema: u32,
        /// How it is stored.
        encoding: Encoding,
    },
}

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Served.
    Fresh,
    /// Served, and the next read that may load loads it anew.
    Due,
    /// Served as stale while it is loaded anew.
    Stale,
    /// Served by fail-safe alone.
    Reserve,
    /// Past its time.
    Expired,
    /// Its tag, its pattern or everything was invalidated after its load began.
    Stamped,
    /// It was invalidated by key after its load began.
    BelowFloor,
    /// Its version is below the least that is true.
    Outdated,
    /// It was stored in an epoch that is over.
    OtherEpoch,
    /// This node has not heard of the others for longer than the staleness bound.
    Suspect,
    /// It belongs to another region of the same key.
    OtherRegion,
}

impl Inner {
    pub(crate) async fn explain<V>(&self, region: &RegionMeta, key: &Arc<str>) -> Explanation
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let loading = self.stripes.is_flying(key);
        let layers = &region.options.layers;
        let l1 = match self.held(region, key) {
            _ if !layers.reads(Source::L1) => InMemory::NotAsked,
            None => InMemory::Empty,
            Some(entry) => InMemory::Entry {
                verdict: self.judge_memory(region, key, &entry),
                age: self.age(entry.created_ms),
                born: entry.born,
                version: entry.version,
                tags: entry.tags.len(),
            },
        };
        let l2 = match &self.l2 {
            None => None,
            Some(_) if !layers.reads(Source::L2) => Some(Stored::NotAsked),
            Some(l2) if !l2.backlog.is_empty() => Some(Stored::Owed(l2.backlog.len())),
            Some(l2) => Some(match l2.read(std::slice::from_ref(key)).await {
                Err(reason) => Stored::Away(reason.to_string()),
                Ok((mut read, _)) => self.judge_stored::<V>(region, key, 0, read.bytes.pop().flatten()),
            }),
        };
        let l3 = match &self.l3 {
            None => None,
            Some(_) if !layers.reads(Source::L3) => Some(Stored::NotAsked),
            Some(l3) if !l3.backlog.is_empty() => Some(Stored::Owed(l3.backlog.len())),
            Some(l3) => Some(match l3.read(std::slice::from_ref(key)).await {
                Err(reason) => Stored::Away(reason.to_string()),
                Ok(mut slots) => {
                    let slot = slots.pop().unwrap_or_default();
                    self.judge_stored::<V>(region, key, slot.floor, slot.bytes)
                }
            }),
        };
        Explanation { key: key.to_string(), l1, loading, l2, l3 }
    }

    fn judge_memory(&self, region: &RegionMeta, key: &str, entry: &Entry) -> Verdict {
        if entry.region != region.id {
            return Verdict::OtherRegion;
        }
        if !self.stamps.alive(entry.born, key, &entry.tags) {
            return Verdict::Stamped;
        }
        match entry.stage(Instant::now()) {
            Stage::Dead => Verdict::Expired,
            _ if !self.is_trusted(entry) => Verdict::Suspect,
            stage => stage.into(),
        }
    }

    fn judge_stored<V>(&self, region: &RegionMeta, key: &str, floor: u64, bytes: Option<Vec<u8>>) -> Stored
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let Some(bytes) = bytes else { return Stored::Empty };
        let said = Codec::encoding(&bytes);
        let seen = Seen { now: self.clock.look(), sure_until: u64::MAX };
        let (entry, epoch) = match self.open::<V>(region, key, &bytes, &seen) {
            Ok(opened) => opened,
            Err(why) => {
                return Stored::Foreign(said.map_or(why.to_string(), |said| format!("{why} ({said})")));
            }
        };
        let verdict = if epoch != 0 && epoch != self.standing.epoch() {
            Verdict::OtherEpoch
        } else if entry.born < floor {
            Verdict::BelowFloor
        } else if !self.stripes.admits(key, entry.version) {
            Verdict::Outdated
        } else if !self.stamps.alive(entry.born, key, &entry.tags) {
            Verdict::Stamped
        } else if entry.expires_ms <= seen.now.wall_ms {
            Verdict::Expired
        } else {
            entry.stage(seen.now.instant).into()
        };
        Stored::Entry {
            verdict,
            age: self.age(entry.created_ms),
            born: entry.born,
            version: entry.version,
            schema: region.options.schema,
            encoding: said.expect("what was opened has a header"),
        }
    }
}

impl From<Stage> for Verdict {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Fresh => Self::Fresh,
            Stage::Due => Self::Due,
            Stage::Stale => Self::Stale,
            Stage::Reserve => Self::Reserve,
            Stage::Dead => Self::Expired,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.key)?;
        match &self.l1 {
            InMemory::NotAsked => writeln!(f, "  memory: not asked")?,
            InMemory::Empty => writeln!(f, "  memory: nothing")?,
            InMemory::Entry { verdict, age, born, version, tags } => {
                writeln!(f, "  memory: {verdict}, {age:?} old, born {born}, version {version}, {tags} tags")?;
            }
        }
        if self.loading {
            writeln!(f, "  loading: yes, in this process")?;
        }
        for (name, stored) in [("redis", &self.l2), ("sql", &self.l3)] {
            if let Some(stored) = stored {
                writeln!(f, "  {name}: {stored}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not asked"),
            Self::Owed(count) => write!(f, "not read, it is owed {count} invalidations"),
            Self::Away(reason) => write!(f, "no answer: {reason}"),
            Self::Empty => f.write_str("nothing"),
            Self::Foreign(why) => write!(f, "bytes that are no value of this region: {why}"),
            Self::Entry { verdict, age, born, version, schema, encoding } => {
                write!(
                    f,
                    "{verdict}, {age:?} old, born {born}, version {version}, schema {schema}, {encoding}"
                )
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "fresh",
            Self::Due => "fresh, to be loaded anew",
            Self::Stale => "stale, served while it is loaded anew",
            Self::Reserve => "stale, for fail-safe alone",
            Self::Expired => "refused: past its time",
            Self::Stamped => "refused: its tag, pattern or everything was invalidated",
            Self::BelowFloor => "refused: invalidated by key",
            Self::Outdated => "refused: an older version of the source",
            Self::OtherEpoch => "refused: of an epoch that is over",
            Self::Suspect => "refused: this node has not heard of the others for too long",
            Self::OtherRegion => "refused: of another region",
        })
    }
}
