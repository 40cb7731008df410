use super::Tally;
use crate::{
    breaker::word::Epoch,
    sync::{AtomicU32, AtomicU64, Ordering},
};

/// The last so many calls: a ring of outcomes and their running sums.
///
/// A call takes the next slot, exchanges what is in it, and adds the difference to the sums. Differences telescope slot by
/// slot, so that whatever the order in which callers get to add them, the sums are those of the slots once all have.
#[derive(Debug)]
pub(in crate::breaker) struct CountWindow {
    slots: Box<[AtomicU32]>,
    next: AtomicU64,
    sums: AtomicU64,
}

/// An outcome in a slot: 1 bit that there is one, its epoch, whether it was slow, whether it failed.
#[derive(Clone, Copy)]
struct Slot(u32);

impl Slot {
    fn new(epoch: Epoch, failed: bool, slow: bool) -> Self {
        Self(1 << 31 | u32::from(epoch.0) << 2 | u32::from(slow) << 1 | u32::from(failed))
    }

    fn epoch(self) -> Option<Epoch> {
        (self.0 >> 31 == 1).then_some(Epoch((self.0 >> 2) as u16))
    }

    /// What it counts for in `epoch`: calls, failures, slow calls.
    fn counts(self, epoch: Epoch) -> [u64; 3] {
        if self.epoch() == Some(epoch) {
            [1, u64::from(self.0 & 1), u64::from(self.0 >> 1 & 1)]
        } else {
            [0; 3]
        }
    }
}

/// Sums of one epoch: from the top, the epoch, calls, failures and slow calls, 16 bits each.
///
/// Each count stands above a bias, since the difference that takes a failure away may arrive before the one that brought
/// it: below zero it would borrow from its neighbour.
#[derive(Clone, Copy)]
struct Sums(u64);

const BIAS: u64 = 1 << 14;

impl Sums {
    fn new(epoch: Epoch) -> Self {
        Self(u64::from(epoch.0) << 48 | BIAS << 32 | BIAS << 16 | BIAS)
    }

    fn epoch(self) -> Epoch {
        Epoch((self.0 >> 48) as u16)
    }

    fn changed(self, added: [u64; 3], removed: [u64; 3]) -> Self {
        let packed = |[calls, failures, slow]: [u64; 3]| calls << 32 | failures << 16 | slow;
        Self(self.0.wrapping_add(packed(added)).wrapping_sub(packed(removed)))
    }

    fn tally(self) -> Tally {
        let count = |shift: u32| u32::from((self.0 >> shift) as u16).saturating_sub(BIAS as u32);
        let calls = count(32);
        Tally { calls, failures: count(16).min(calls), slow: count(0).min(calls) }
    }
}

impl CountWindow {
    /// The largest size: sums and bias share 16 bits.
    pub(in crate::breaker) const MAX: u32 = 1 << 14;

    pub(in crate::breaker) fn new(size: u32) -> Self {
        Self {
            slots: (0..size.clamp(1, Self::MAX)).map(|_| AtomicU32::new(0)).collect(),
            next: AtomicU64::new(0),
            sums: AtomicU64::new(Sums::new(Epoch(0)).0),
        }
    }

    pub(in crate::breaker) fn record(&self, epoch: Epoch, failed: bool, slow: bool) -> Option<Tally> {
        let new = Slot::new(epoch, failed, slow);
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[(ticket % self.slots.len() as u64) as usize];
        let mut old = Slot(slot.load(Ordering::Relaxed));
        loop {
            if old.epoch().is_some_and(|there| there.is_after(epoch)) {
                return None;
            }
            match slot.compare_exchange_weak(old.0, new.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => old = Slot(now),
            }
        }
        let (added, removed) = (new.counts(epoch), old.counts(epoch));
        let mut sums = Sums(self.sums.load(Ordering::Relaxed));
        loop {
            if sums.epoch().is_after(epoch) {
                return None;
            }
            let base = if sums.epoch() == epoch { sums } else { Sums::new(epoch) };
            let next = base.changed(added, removed);
            match self.sums.compare_exchange_weak(sums.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(next.tally()),
                Err(now) => sums = Sums(now),
            }
        }
    }

    pub(in crate::breaker) fn tally(&self, epoch: Epoch) -> Tally {
        let sums = Sums(self.sums.load(Ordering::Acquire));
        if sums.epoch() == epoch { sums.tally() } else { Tally::default() }
    }

    pub(in crate::breaker) fn size(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Another size with the same calls in it, as many of the latest as fit.
    pub(in crate::breaker) fn resized(&self, size: u32, epoch: Epoch) -> Self {
        let resized = Self::new(size);
        let end = self.next.load(Ordering::Acquire);
        let len = self.slots.len() as u64;
        for ticket in end.saturating_sub(len.min(u64::from(resized.size())))..end {
            let slot = Slot(self.slots[(ticket % len) as usize].load(Ordering::Acquire));
            if slot.epoch() == Some(epoch) {
                let [_, failed, slow] = slot.counts(epoch);
                resized.record(epoch, failed == 1, slow == 1);
            }
        }
        resized
    }
}
