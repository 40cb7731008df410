use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use crate::fact::Fact;
use crate::source::{Source, Truth};

/// What a read did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wrong {
    /// It is older than an invalidation that was acknowledged longer than the bound before the read began.
    TooOld,
    /// It is older than an invalidation that had returned on the same node before the read began.
    TooOldHere,
    /// Its checksum is not its own, or its version does not exist.
    Torn,
    /// It is another key's.
    Foreign,
    /// It is not the newest though all was healed and two bounds have passed.
    StaleForGood,
    /// The node has not come to terms with Redis though all was healed.
    Unsettled,
    /// A call has not returned though all was healed.
    Stuck,
}

/// A read that broke the promise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Violation {
    /// What it did wrong.
    pub wrong: Wrong,
    /// How the read was made, what it gave and what it should have given.
    pub story: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.wrong, self.story)
    }
}

/// Compares every read with what had been acknowledged when it began.
#[derive(Debug)]
pub(crate) struct Judge {
    bound: u64,
    /// How long what a read gave had been superseded when it began, in microseconds; of reads that the bound speaks of.
    staleness: Mutex<Histogram<u64>>,
    pub(crate) reads: AtomicU64,
    /// Of those, the ones that may have been right or wrong, for nobody knows what became of a write.
    pub(crate) doubted: AtomicU64,
    found: AtomicU64,
    violations: Mutex<Vec<Violation>>,
    /// The faults in force, for the story.
    pub(crate) weather: Mutex<String>,
}

/// The told ones; all are counted.
const TOLD: usize = 20;

/// A read that gave a value.
pub(crate) struct Read<'a> {
    pub(crate) how: &'a dyn fmt::Debug,
    pub(crate) node: usize,
    pub(crate) truth: &'a Truth,
    pub(crate) due: Due,
    pub(crate) fact: &'a Fact,
    /// As stale: it may be older than the bound then, but not than what its own node has invalidated.
    pub(crate) marked: bool,
}

/// What is due to a read, noted before it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    began: u64,
    least_here: u64,
}

impl Due {
    pub(crate) fn now(source: &Source, truth: &Truth, node: usize) -> Self {
        // The clock last: what is acknowledged in between is due to nobody here.
        let least_here = truth.ledger.lock().least_on(node);
        Self { began: source.now(), least_here }
    }
}

impl Judge {
    pub(crate) fn new(bound: Duration) -> Self {
        Self {
            bound: u64::try_from(bound.as_micros()).unwrap_or(u64::MAX),
            staleness: Mutex::new(Histogram::new(3).expect("three digits are in range")),
            reads: AtomicU64::new(0),
            doubted: AtomicU64::new(0),
            found: AtomicU64::new(0),
            violations: Mutex::default(),
            weather: Mutex::default(),
        }
    }

    pub(crate) fn judge(&self, source: &Source, read: &Read<'_>) {
        let Read { how, node, truth, due, fact, marked } = read;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let newest = truth.version();
        let ledger = truth.ledger.lock();
        let stale = ledger.superseded_at(fact.version).map_or(0, |then| due.began.saturating_sub(then));
        let doubted = ledger.is_doubted(fact.version, due.began, self.bound);
        if !*marked && !doubted {
            // The histogram grows by itself, and would not while saturating.
            self.staleness.lock().record(stale).expect("a histogram that resizes takes any time of a run");
        }
        let wrong = if fact.key != truth.key {
            Wrong::Foreign
        } else if !fact.is_whole() || fact.version > newest || fact.version == 0 {
            Wrong::Torn
        } else if doubted {
            self.doubted.fetch_add(1, Ordering::Relaxed);
            return;
        } else if fact.version < due.least_here {
            Wrong::TooOldHere
        } else if stale > self.bound && !*marked {
            Wrong::TooOld
        } else {
            return;
        };
        let story = format!(
            "{how:?} of {} on node {node}, begun at {} us and ended at {} us, gave version {} of {} ({} us too old; least here {}); \
             acknowledged (us, version): {:?}; weather: {}",
            truth.key,
            due.began,
            source.now(),
            fact.version,
            fact.key,
            stale,
            due.least_here,
            ledger.tail(),
            self.weather.lock(),
        );
        drop(ledger);
        self.report(wrong, story);
    }

    pub(crate) fn report(&self, wrong: Wrong, story: String) {
        self.found.fetch_add(1, Ordering::Relaxed);
        let mut violations = self.violations.lock();
        if violations.len() < TOLD {
            // At once: a run that breaks off has told it all the same.
            eprintln!("violation: {wrong:?}: {story}");
            violations.push(Violation { wrong, story });
        }
    }

    pub(crate) fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    pub(crate) fn verdict(&self) -> (Histogram<u64>, u64, Vec<Violation>) {
        (self.staleness.lock().clone(), self.found(), self.violations.lock().clone())
    }
}
