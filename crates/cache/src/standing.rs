use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::counter::Counter;
use crate::layers::keeper::{Pulse, Since};
use crate::trace;
use crate::trust::Trust;

/// Where a node stands with Redis, for a health page; all is well without Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coherence {
    /// Whether commands reach Redis.
    pub connected: bool,
    /// Whether this node may have missed an invalidation: until it has heard all, it serves from memory only what it read
    /// within the staleness bound.
    pub suspect: bool,
    /// Invalidations that Redis has not acknowledged.
    pub owed_invalidations: u64,
    /// How often this node became suspect, its beginning not counted.
    pub suspicions: u64,
    /// How long it was suspect in all, the time before its first word with Redis and until now included.
    pub suspect_time: Duration,
    /// Invalidations and writes of other nodes that were applied here.
    pub applied_invalidations: u64,
}

/// Where this node stands with the keeper: the epoch it lives in, and how far it has heard.
///
/// A node is *suspect* when it may have missed an announcement: its memory is not believed until it has heard all.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The cache's name, for what is told of it.
    cache: Box<str>,
    /// The epoch of the last resynchronisation, 0 before the first. Every command carries it.
    epoch: AtomicU64,
    /// Whether a connection is in use: without one all commands would fail.
    linked: AtomicBool,
    suspect: AtomicBool,
    doubt: Mutex<Doubt>,
    /// What others announced and was applied here.
    pub(crate) applied: Counter,
    /// The last announcement heard with none missing before it.
    last: Mutex<u64>,
    /// Until when memory may be believed.
    pub(crate) trust: Trust,
    /// Wakes the listener for a pulse out of turn.
    pub(crate) check: Notify,
}

/// How often and how long a node was suspect; `suspect` is written under its lock, and read without.
#[derive(Debug, Default)]
struct Doubt {
    since: Option<Instant>,
    times: u64,
    past: Duration,
}

impl Standing {
    /// A node without a keeper: nobody else's invalidations concern it.
    pub(crate) fn alone() -> Self {
        Self::new(Trust::unbounded())
    }

    /// A node that has not yet spoken with the keeper.
    pub(crate) fn stranger(cache: &str) -> Self {
        let standing = Self { cache: cache.into(), ..Self::new(Trust::none()) };
        standing.doubt.lock().since = Some(Instant::now());
        standing
    }

    fn new(trust: Trust) -> Self {
        Self {
            cache: Box::default(),
            epoch: AtomicU64::new(0),
            linked: AtomicBool::new(false),
            suspect: AtomicBool::new(true),
            doubt: Mutex::default(),
            applied: Counter::default(),
            last: Mutex::new(0),
            trust,
            check: Notify::new(),
        }
    }

    /// The epoch that commands carry, if the keeper can be reached.
    pub(crate) fn fence(&self) -> Option<u64> {
        let linked = self.linked.load(Ordering::SeqCst);
        let epoch = self.epoch.load(Ordering::SeqCst);
        (linked && epoch != 0).then_some(epoch)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::SeqCst)
    }

    pub(crate) fn since(&self) -> Since {
        let last = self.last.lock();
        Since { epoch: self.epoch(), sequence: *last }
    }

    /// Something may have been missed: memory is not believed until all is heard.
    pub(crate) fn suspect(&self) {
        // In this order: who extends the trust looks for suspicion after it.
        self.doubt();
        self.trust.revoke();
        self.check.notify_one();
    }

    fn doubt(&self) {
        let mut doubt = self.doubt.lock();
        let new = !self.suspect.swap(true, Ordering::SeqCst);
        if new {
            doubt.since = Some(Instant::now());
            doubt.times += 1;
        }
        drop(doubt);
        if new {
            trace::suspect(&self.cache);
        }
    }

    pub(crate) fn suspicions(&self) -> u64 {
        self.doubt.lock().times
    }

    pub(crate) fn suspect_time(&self) -> Duration {
        let doubt = self.doubt.lock();
        doubt.past + doubt.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The connection is gone.
    pub(crate) fn lost(&self) {
        self.linked.store(false, Ordering::SeqCst);
        self.doubt();
        self.trust.revoke();
    }

    /// All was heard that the keeper knew at some time; memory is good until `until`.
    pub(crate) fn trust(&self, until: u64) {
        self.trust.extend(until);
        if self.is_suspect() {
            self.trust.revoke();
        }
    }

    /// Counts an announcement that was applied; answers whether none is missing before it.
    pub(crate) fn advance(&self, sequence: u64) -> bool {
        let mut last = self.last.lock();
        if sequence == *last + 1 {
            *last = sequence;
        }
        sequence <= *last
    }

    /// Whether nothing is missing up to the pulse. The keeper's count never goes back below what this node had heard when
    /// it asked, but by losing its memory.
    pub(crate) fn agrees(&self, pulse: Pulse, when_asked: Since) -> bool {
        pulse.epoch == self.epoch()
            && pulse.epoch == when_asked.epoch
            && pulse.sequence >= when_asked.sequence
            && pulse.sequence <= *self.last.lock()
    }

    /// All that was announced up to `at` has been applied.
    pub(crate) fn resynchronised(&self, at: Pulse) {
        let mut last = self.last.lock();
        // Within an epoch pushes may have carried us further than the answer, which was written before them.
        *last = if self.epoch() == at.epoch { at.sequence.max(*last) } else { at.sequence };
        self.epoch.store(at.epoch, Ordering::SeqCst);
        self.linked.store(true, Ordering::SeqCst);
        let mut doubt = self.doubt.lock();
        self.suspect.store(false, Ordering::SeqCst);
        let took = doubt.since.take().map(|since| since.elapsed());
        doubt.past += took.unwrap_or_default();
        drop((doubt, last));
        if let Some(took) = took {
            trace::resynchronised(&self.cache, took);
        }
    }
}
