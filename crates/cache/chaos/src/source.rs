use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::fact::Fact;
use crate::ledger::Ledger;

/// How keys are written, which decides how they may be invalidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Loaded without tags.
    Plain,
    /// Loaded with a tag of the group's name.
    Tagged,
    /// Written and loaded with the source's version: writers may cross.
    Versioned,
    /// Put by `set`: one writer at a time, since unversioned sets that cross leave either value.
    Set,
}

/// A key of the source.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) key: String,
    pub(crate) family: Family,
    /// What keys are invalidated together by; a key without is written seldom.
    pub(crate) group: Option<usize>,
    version: AtomicU64,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) one_writer: tokio::sync::Mutex<()>,
}

impl Truth {
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    pub(crate) fn write(&self) -> u64 {
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn read(&self) -> Fact {
        Fact::new(&self.key, self.version())
    }
}

/// The source of truth, which is never wrong and never away.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) truths: Vec<Truth>,
    began: Instant,
}

const GROUPS: [(Family, &str); 8] = [
    (Family::Plain, "p0"),
    (Family::Plain, "p1"),
    (Family::Tagged, "t0"),
    (Family::Tagged, "t1"),
    (Family::Versioned, "v0"),
    (Family::Versioned, "v1"),
    (Family::Set, "s0"),
    (Family::Set, "s1"),
];
const IN_A_GROUP: usize = 8;
/// How many keys have a group: the first ones.
pub(crate) const GROUPED: usize = GROUPS.len() * IN_A_GROUP;

/// Keys that are written so seldom that an invalidation that was lost is not made good by the next.
const SELDOM: [(Family, &str); 3] = [(Family::Plain, "p"), (Family::Versioned, "v"), (Family::Set, "s")];
const SELDOM_EACH: usize = 256;

impl Source {
    pub(crate) fn new() -> Self {
        let truth = |key, family, group| Truth {
            key,
            family,
            group,
            version: AtomicU64::new(1),
            ledger: Mutex::default(),
            one_writer: tokio::sync::Mutex::default(),
        };
        let grouped = GROUPS.iter().enumerate().flat_map(|(group, (family, name))| {
            (0..IN_A_GROUP).map(move |n| truth(format!("{name}-{n}"), *family, Some(group)))
        });
        let seldom = SELDOM.iter().flat_map(|(family, name)| {
            (0..SELDOM_EACH).map(move |n| truth(format!("seldom-{name}-{n}"), *family, None))
        });
        Self { truths: grouped.chain(seldom).collect(), began: Instant::now() }
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn group(&self, group: usize) -> &[Truth] {
        &self.truths[group * IN_A_GROUP..(group + 1) * IN_A_GROUP]
    }
}

pub(crate) fn name_of(group: usize) -> &'static str {
    GROUPS[group].1
}
