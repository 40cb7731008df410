//! The way of an invalidation: void here, tell the shared layers, void here again, whatever they answered.

use std::sync::Arc;

use crate::entry::Entry;
use crate::inner::Inner;
use crate::layers::backlog::{Owed, Revocation};
use crate::layers::l2::L2;
use crate::layers::lower::Lower;
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

/// An invalidation owed to each layer.
pub(crate) struct Debts<'a> {
    pub(crate) l2: Option<(&'a L2, Owed<'a>)>,
    pub(crate) l3: Option<(&'a Lower, Owed<'a>)>,
    /// Once more to the keeper: who reads between the two finds nothing there and the old value in SQL, and fills it in anew.
    /// A stamp needs no second time, for it makes dead whatever is older, wherever it comes from.
    pub(crate) again: Option<(&'a L2, Owed<'a>)>,
}

impl Inner {
    /// Step 8: bump here, tell the keeper, bump here again, whatever it answered. `version` is the least version of the
    /// source that is true from now on, 0 if the source has none.
    pub(crate) async fn invalidate_keys(&self, keys: Vec<Arc<str>>, version: u64) -> Delivery {
        let at = self.clock.tick();
        let voiding = Voiding::begin(self, keys, version);
        let debts = self.owe(at, &Revocation::Keys { keys: voiding.keys.clone(), version });
        self.pay(debts).await.0
    }

    /// Step 9: a stamp, which every entry born before it is older than. O(1) whatever it matches.
    pub(crate) async fn invalidate_stamp(&self, target: Target) -> Delivery {
        let at = self.clock.tick();
        self.stamps.record(&target, at);
        let mut again = StampAgain { inner: self, target: &target, by: None };
        let debts = self.owe(at, &Revocation::Stamp(target.clone()));
        let (delivery, clock) = self.pay(debts).await;
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
    pub(crate) fn owe(&self, at: u64, revocation: &Revocation) -> Debts<'_> {
        let shared = self.l3.as_ref().is_some_and(|l3| !l3.private);
        let again = shared && matches!(revocation, Revocation::Keys { .. });
        let keeper = self.l2.as_deref();
        Debts {
            again: keeper.filter(|_| again).map(|l2| (l2, l2.owe(at, revocation.clone()))),
            l2: self.l2.as_deref().map(|l2| (l2, l2.owe(at, revocation.clone()))),
            l3: self.l3.as_ref().map(|l3| (l3, l3.owe(at, revocation.clone()))),
        }
    }

    async fn pay(&self, debts: Debts<'_>) -> (Delivery, u64) {
        let (mut delivery, mut at) = (Delivery::Applied, 0);
        if let Some((l2, owed)) = debts.l2 {
            let (answer, clock) = l2.pay(owed).await;
            self.clock.observe(clock);
            (delivery, at) = (answer, clock);
        }
        if let Some((l3, mut owed)) = debts.l3 {
            owed.at = owed.at.max(at);
            at = owed.at;
            delivery = delivery.and(l3.pay(owed).await);
        }
        match debts.again {
            Some(again) => self.pay_again(again, delivery, at).await,
            None => (delivery, at),
        }
    }

    /// The keeper is told once more of what was applied at `at`; answers what became of it all, and the clock by then.
    pub(crate) async fn pay_again(
        &self,
        (l2, mut owed): (&L2, Owed<'_>),
        delivery: Delivery,
        at: u64,
    ) -> (Delivery, u64) {
        if delivery == Delivery::Queued {
            // Whom it is queued for is told later as it is.
            owed.settle();
            return (delivery, at);
        }
        owed.at = owed.at.max(at);
        let (answer, clock) = l2.pay(owed).await;
        self.clock.observe(clock);
        (answer, at.max(clock))
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
    pub(crate) fn begin(inner: &'a Inner, keys: Vec<Arc<str>>, version: u64) -> Self {
        for key in &keys {
            inner.stripes.bump(key, version, inner.l1.as_ref());
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
        let by = self.by.unwrap_or_else(|| {
            // The keeper was not told for sure: what is on its way from there may be younger than any clock of ours.
            self.inner.stripes.void_flights();
            self.inner.clock.tick()
        });
        self.inner.stamps.record(self.target, by);
    }
}
