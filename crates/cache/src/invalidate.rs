//! The way of an invalidation: void here, tell the shared layers, void here again, whatever they answered.

use std::sync::Arc;

use crate::cache::Inner;
use crate::entry::Entry;
use crate::layers::backlog::{Owed, Revocation};
use crate::stamps::Target;

/// How far an invalidation got. In this process it holds either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Every layer acknowledged it.
    Applied,
    /// At least one layer did not answer for sure; it is told again before this process reads it again.
    Queued,
}

impl Delivery {
    pub(crate) fn and(self, other: Self) -> Self {
        if self == Self::Applied { other } else { Self::Queued }
    }
}

impl Inner {
    pub(crate) async fn invalidate_keys(&self, keys: Vec<Arc<str>>) -> Delivery {
        let at = self.clock.tick();
        let voiding = Voiding::begin(self, keys);
        let owed = self.owe(at, &Revocation::Keys(voiding.keys.clone()));
        self.pay(at, owed).await.0
    }

    /// O(1) whatever it matches: a stamp, which every entry born before it is older than.
    pub(crate) async fn invalidate_target(&self, target: Target) -> Delivery {
        let at = self.clock.tick();
        self.stamps.record(&target, at);
        let mut again = StampAgain { inner: self, target: &target, by: None };
        let owed = self.owe(at, &Revocation::Stamp(target.clone()));
        let (delivery, clock) = self.pay(at, owed).await;
        if delivery == Delivery::Applied {
            again.by = Some(clock);
        }
        drop(again);
        if target == Target::All {
            self.stripes.bump_all(self.l1.as_ref());
        }
        delivery
    }

    /// Owed to all before any is told: a caller who is dropped half-way leaves no layer untold.
    pub(crate) fn owe(&self, at: u64, revocation: &Revocation) -> Vec<Owed<'_>> {
        self.lower.iter().map(|lower| lower.owe(at, revocation.clone())).collect()
    }

    async fn pay(&self, mut at: u64, owed: Vec<Owed<'_>>) -> (Delivery, u64) {
        let mut delivery = Delivery::Applied;
        for (lower, mut owed) in self.lower.iter().zip(owed) {
            owed.at = at;
            let (answer, clock) = lower.pay(owed).await;
            self.clock.observe(clock);
            at = at.max(clock);
            delivery = delivery.and(answer);
        }
        (delivery, at)
    }
}

/// Keys being invalidated or overwritten: voided when it begins and once more when it is dropped. The second closes the gap
/// in which a reader took the old value from a layer that was not told yet (compare ZiggyCreatures/FusionCache#613).
pub(crate) struct Voiding<'a> {
    inner: &'a Inner,
    pub(crate) keys: Vec<Arc<str>>,
    generations: Vec<u64>,
    entries: Vec<Arc<Entry>>,
}

impl<'a> Voiding<'a> {
    pub(crate) fn begin(inner: &'a Inner, keys: Vec<Arc<str>>) -> Self {
        for key in &keys {
            inner.stripes.bump(key, inner.l1.as_ref());
        }
        let generations = keys.iter().map(|key| inner.stripes.generation(key)).collect();
        Self { inner, keys, generations, entries: Vec::new() }
    }

    /// Ends with these entries in memory, one a key, unless somebody else voided a key meanwhile.
    pub(crate) fn keep(mut self, entries: Vec<Arc<Entry>>) {
        self.entries = entries;
    }
}

impl Drop for Voiding<'_> {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        let mut entries = std::mem::take(&mut self.entries).into_iter();
        let voids = keys.into_iter().zip(self.generations.drain(..)).map(|(key, generation)| {
            let entry = entries.next();
            (key, generation, entry)
        });
        let refused = self.inner.stripes.settle(voids.collect(), self.inner.l1.as_ref());
        self.inner.l1_counters.refused.add(refused);
    }
}

/// The second stamping: by the clock of the layer that keeps it, or, where that is not known, by a new tick of ours, which is
/// later than every `born` this process has seen.
struct StampAgain<'a> {
    inner: &'a Inner,
    target: &'a Target,
    by: Option<u64>,
}

impl Drop for StampAgain<'_> {
    fn drop(&mut self) {
        let by = self.by.unwrap_or_else(|| self.inner.clock.tick());
        self.inner.stamps.record(self.target, by);
    }
}
