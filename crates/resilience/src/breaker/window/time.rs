use super::Tally;
use crate::{
    breaker::word::Epoch,
    sync::{AtomicU64, Ordering},
};

/// The last so long, in ten buckets of a tenth each: between nine and ten tenths of the span are in view.
///
/// Every count carries a tag that says which tenth and which epoch it is of, so that whoever finds one of an earlier tenth
/// begins it anew in the same step in which he adds to it, and one who comes late adds to nothing.
#[derive(Debug)]
pub(in crate::breaker) struct TimeWindow {
    /// Ticks a bucket.
    tenth: u64,
    buckets: [Bucket; BUCKETS],
    /// The last tenth in which a call failed or was slow, and its epoch: 56 bits and 8.
    last_bad: AtomicU64,
}

const BUCKETS: usize = 10;

#[derive(Debug)]
struct Bucket {
    calls: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
}

/// Tag and count: 24 bits of the round, 8 of the epoch, 32 of the count.
#[derive(Clone, Copy)]
struct Count(u64);

const COUNT_BITS: u32 = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    fn new(tenth: u64, epoch: Epoch) -> Self {
        // Never 0, which is the tag of a bucket that has not been used.
        let round = (tenth / BUCKETS as u64 + 1) as u32;
        Self(round << 8 | u32::from(epoch.0 as u8))
    }

    /// Of the first round, that of a bucket that has not been used.
    fn of_round_before(self) -> Self {
        Self(self.0.wrapping_sub(1 << 8))
    }

    /// Whether this one came later, in time or in epoch.
    fn is_after(self, other: Self) -> bool {
        let (round, other_round) = (self.0 >> 8, other.0 >> 8);
        let epoch_ahead = (self.0 as u8).wrapping_sub(other.0 as u8) as i8;
        round > other_round || (round == other_round && epoch_ahead > 0)
    }
}

impl Count {
    fn tag(self) -> Tag {
        Tag((self.0 >> COUNT_BITS) as u32)
    }

    fn of(self, tag: Tag) -> u32 {
        if self.tag() == tag { self.0 as u32 } else { 0 }
    }
}

/// Adds one to the count of `tag`, unless a later one has taken its place.
fn add(count: &AtomicU64, tag: Tag) -> bool {
    let mut found = Count(count.load(Ordering::Relaxed));
    loop {
        if found.tag().is_after(tag) {
            return false;
        }
        let next = u64::from(tag.0) << COUNT_BITS | u64::from(found.of(tag).saturating_add(1));
        match count.compare_exchange_weak(found.0, next, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => found = Count(now),
        }
    }
}

impl TimeWindow {
    pub(in crate::breaker) fn new(span: u64) -> Self {
        let bucket =
            || Bucket { calls: AtomicU64::new(0), failures: AtomicU64::new(0), slow: AtomicU64::new(0) };
        Self {
            tenth: (span / BUCKETS as u64).max(1),
            buckets: std::array::from_fn(|_| bucket()),
            last_bad: AtomicU64::new(0),
        }
    }

    pub(in crate::breaker) fn record(
        &self,
        epoch: Epoch,
        failed: bool,
        slow: bool,
        now: u64,
    ) -> Option<Tally> {
        let tenth = now / self.tenth;
        let (at, tag) = ((tenth % BUCKETS as u64) as usize, Tag::new(tenth, epoch));
        let bucket = &self.buckets[at];
        // Calls first: who sums up in between sees a rate that is too low, never one that is too high.
        if !add(&bucket.calls, tag) {
            return None;
        }
        if failed || slow {
            if failed {
                add(&bucket.failures, tag);
            }
            if slow {
                add(&bucket.slow, tag);
            }
            self.last_bad.store(tenth << 8 | u64::from(epoch.0 as u8), Ordering::Release);
        } else if !self.is_bad_in_view(tenth, epoch) {
            // No rate can be too high: the plain course of things is spared the sum.
            return Some(Tally::default());
        }
        Some(self.sum(at, tag))
    }

    fn is_bad_in_view(&self, tenth: u64, epoch: Epoch) -> bool {
        let last_bad = self.last_bad.load(Ordering::Acquire);
        last_bad as u8 == epoch.0 as u8 && tenth.saturating_sub(last_bad >> 8) < BUCKETS as u64
    }

    pub(in crate::breaker) fn tally(&self, epoch: Epoch, now: u64) -> Tally {
        let tenth = now / self.tenth;
        self.sum((tenth % BUCKETS as u64) as usize, Tag::new(tenth, epoch))
    }

    /// Of the span that ends in the bucket `at`: buckets up to it are of its round, those behind it of the round before.
    fn sum(&self, at: usize, tag: Tag) -> Tally {
        let (ahead, behind) = self.buckets.split_at(at + 1);
        let mut tally = Tally::default();
        let mut add = |buckets: &[Bucket], tag: Tag| {
            for bucket in buckets {
                let count = |count: &AtomicU64| Count(count.load(Ordering::Acquire)).of(tag);
                let calls = count(&bucket.calls);
                if calls > 0 {
                    tally.failures = tally.failures.saturating_add(count(&bucket.failures));
                    tally.slow = tally.slow.saturating_add(count(&bucket.slow));
                    tally.calls = tally.calls.saturating_add(calls);
                }
            }
        };
        add(ahead, tag);
        add(behind, tag.of_round_before());
        tally.failures = tally.failures.min(tally.calls);
        tally.slow = tally.slow.min(tally.calls);
        tally
    }
}
