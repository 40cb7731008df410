use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The labels of one bulkhead, the first so many of them counted apart and the rest together: a label made from what a
/// user sent must not be able to fill the memory.
#[derive(Debug, Default)]
pub(super) struct Labels(OnceLock<Box<Slots>>);

#[derive(Debug, Default)]
struct Slots {
    /// Filled from the front and never emptied.
    named: [OnceLock<Label>; MAX_LABELS],
    other: Tally,
}

/// Labels that are counted apart.
pub(super) const MAX_LABELS: usize = 32;

/// What the labels beyond the first [`MAX_LABELS`] are counted under.
const OTHER: &str = "other";

#[derive(Debug)]
struct Label {
    name: Arc<str>,
    tally: Tally,
}

/// Calls by what has become of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(super) running: AtomicU64,
    pub(super) queued: AtomicU64,
    pub(super) admitted: AtomicU64,
    pub(super) rejected: AtomicU64,
}

/// The counts of the calls under one label at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelSnapshot {
    /// The label; `other` for those beyond the first 32.
    pub label: Arc<str>,
    /// Calls running now.
    pub running: u64,
    /// Calls waiting now.
    pub queued: u64,
    /// Calls that were let in since the bulkhead was made.
    pub admitted: u64,
    /// Calls that were turned away since then.
    pub rejected: u64,
}

impl Labels {
    /// The counts of this label.
    pub(super) fn get(&self, name: &str) -> &Tally {
        let slots = self.0.get_or_init(Box::default);
        for slot in &slots.named {
            let label = slot.get_or_init(|| Label { name: name.into(), tally: Tally::default() });
            if &*label.name == name {
                return &label.tally;
            }
        }
        &slots.other
    }

    /// Every label there has been, in the order of their first coming; `other` last, once it was needed.
    pub(super) fn snapshot(&self) -> Vec<LabelSnapshot> {
        let Some(slots) = self.0.get() else { return Vec::new() };
        let named = slots.named.iter().map_while(OnceLock::get);
        let mut all: Vec<_> = named.map(|label| label.tally.snapshot(label.name.clone())).collect();
        let other = slots.other.snapshot(OTHER.into());
        if other.admitted + other.queued + other.rejected > 0 {
            all.push(other);
        }
        all
    }
}

impl Tally {
    pub(super) fn add(count: &AtomicU64) {
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn take(count: &AtomicU64) {
        count.fetch_sub(1, Relaxed);
    }

    fn snapshot(&self, label: Arc<str>) -> LabelSnapshot {
        let read = |count: &AtomicU64| count.load(Relaxed);
        LabelSnapshot {
            label,
            running: read(&self.running),
            queued: read(&self.queued),
            admitted: read(&self.admitted),
            rejected: read(&self.rejected),
        }
    }
}
