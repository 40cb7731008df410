use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use xxhash_rust::xxh3::xxh3_64;

use crate::glob::Glob;

/// What a stamp speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Tag(Arc<str>),
    Pattern(Arc<str>),
    All,
}

impl Target {
    /// The name under which shared layers keep the stamp.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Tag(tag) => format!("t:{tag}"),
            Self::Pattern(pattern) => format!("p:{pattern}"),
            Self::All => "*".to_owned(),
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.split_once(':') {
            Some(("t", tag)) => Some(Self::Tag(tag.into())),
            Some(("p", pattern)) => Some(Self::Pattern(pattern.into())),
            _ => (name == "*").then_some(Self::All),
        }
    }
}

pub(crate) fn tag_hash(tag: &str) -> u64 {
    xxh3_64(tag.as_bytes())
}

/// The stamps known in this process: each a max-register on the namespace clock, never re-stamped
/// (compare ZiggyCreatures/FusionCache#627), bounded by raising the floor instead of forgetting.
#[derive(Debug)]
pub(crate) struct Stamps {
    /// Moves whenever the table says more than it said; an L1 entry remembers the value it was last checked against.
    /// Written under `table`'s write lock.
    epoch: AtomicU64,
    /// The table's own, for who need look no further. Written under the same lock, before the epoch moves: who knows an epoch
    /// knows what it speaks of.
    newest: AtomicU64,
    table: RwLock<Table>,
    bound: usize,
}

#[derive(Debug, Default)]
struct Table {
    /// Whatever is older than this is dead.
    floor: u64,
    newest: u64,
    /// Newest first, so that a check ends at the first stamp that is not newer than the entry.
    patterns: Vec<Stamped>,
    tags: HashMap<u64, u64, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Stamped {
    stamp: u64,
    pattern: Arc<str>,
    glob: Glob,
}

impl Stamps {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            epoch: AtomicU64::new(1),
            newest: AtomicU64::new(0),
            table: RwLock::new(Table::default()),
            bound: bound.max(1),
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn record(&self, target: &Target, stamp: u64) {
        self.merge([(target.clone(), stamp)]);
    }

    pub(crate) fn merge(&self, stamps: impl IntoIterator<Item = (Target, u64)>) {
        let mut table = self.table.write();
        let mut grown = false;
        for (target, stamp) in stamps {
            grown |= table.raise(&target, stamp);
        }
        if grown {
            table.keep_within(self.bound);
            self.newest.store(table.newest, Ordering::Release);
            self.epoch.fetch_add(1, Ordering::Release);
        }
    }

    /// Whether an entry of these tags, born then, is still to be believed.
    pub(crate) fn alive(&self, born: u64, key: &str, tags: &[u64]) -> bool {
        self.is_newest(born) || {
            let table = self.table.read();
            table.outlives_patterns(born, key)
                && tags.iter().all(|tag| table.tags.get(tag).is_none_or(|stamp| born >= *stamp))
        }
    }

    /// `alive` for what is still being loaded and may yet gain tags.
    pub(crate) fn joinable(&self, born: u64, key: &str) -> bool {
        self.is_newest(born) || self.table.read().outlives_patterns(born, key)
    }

    fn is_newest(&self, born: u64) -> bool {
        born >= self.newest.load(Ordering::Acquire)
    }
}

impl Table {
    fn outlives_patterns(&self, born: u64, key: &str) -> bool {
        born >= self.floor
            && !self.patterns.iter().take_while(|own| own.stamp > born).any(|own| own.glob.matches(key))
    }

    fn raise(&mut self, target: &Target, stamp: u64) -> bool {
        let grown = match target {
            Target::All => {
                let grown = stamp > self.floor;
                self.floor = self.floor.max(stamp);
                grown
            }
            Target::Tag(tag) => {
                let own = self.tags.entry(tag_hash(tag)).or_default();
                let grown = stamp > *own;
                *own = stamp.max(*own);
                grown
            }
            Target::Pattern(pattern) => self.raise_pattern(pattern, stamp),
        };
        self.newest = self.newest.max(stamp);
        grown
    }

    fn raise_pattern(&mut self, pattern: &Arc<str>, stamp: u64) -> bool {
        let glob = match self.patterns.iter().position(|own| own.pattern == *pattern) {
            Some(at) if self.patterns[at].stamp >= stamp => return false,
            Some(at) => self.patterns.remove(at).glob,
            None => Glob::new(pattern),
        };
        let at = self.patterns.partition_point(|own| own.stamp > stamp);
        self.patterns.insert(at, Stamped { stamp, pattern: pattern.clone(), glob });
        true
    }

    /// Gives up the oldest stamps, an eighth at a time, and lets the floor speak for them.
    fn keep_within(&mut self, bound: usize) {
        if self.patterns.len() > bound {
            let keep = bound - bound / 8;
            for old in self.patterns.drain(keep..) {
                self.floor = self.floor.max(old.stamp);
            }
        }
        if self.tags.len() > bound {
            let mut stamps: Vec<u64> = self.tags.values().copied().collect();
            stamps.sort_unstable_by(|a, b| b.cmp(a));
            let cut = stamps[bound - bound / 8];
            self.floor = self.floor.max(cut);
        }
        let floor = self.floor;
        self.patterns.retain(|own| own.stamp > floor);
        self.tags.retain(|_, stamp| *stamp > floor);
    }
}

#[cfg(test)]
mod tests {
    use super::{Stamps, Target, tag_hash};

    #[test]
    fn a_forgotten_stamp_raises_the_floor_and_revives_nothing() {
        for make in [Target::Tag as fn(std::sync::Arc<str>) -> Target, Target::Pattern] {
            let stamps = Stamps::new(8);
            for stamp in 1..=100_u64 {
                stamps.record(&make(format!("n{stamp}").into()), stamp);
                for old in 1..=stamp {
                    let name = format!("n{old}");
                    assert!(!stamps.alive(old - 1, &name, &[tag_hash(&name)]), "{name} revived at {stamp}");
                }
                assert!(stamps.alive(stamp, "n1", &[tag_hash("n1")]), "an entry born now is dead at {stamp}");
            }
        }
    }

    #[test]
    fn an_older_stamp_never_lowers_a_newer_one() {
        let stamps = Stamps::new(8);
        stamps.record(&Target::Tag("a".into()), 10);
        let epoch = stamps.epoch();
        stamps.record(&Target::Tag("a".into()), 7);
        assert!(!stamps.alive(9, "k", &[tag_hash("a")]));
        assert_eq!(stamps.epoch(), epoch, "nothing new was said");
    }
}
