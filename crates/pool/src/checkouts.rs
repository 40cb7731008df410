use std::panic::Location;

use tokio::time::Instant;

/// One connection out of the pool: since when, and who asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkout {
    pub(crate) at: Instant,
    pub(crate) by: &'static Location<'static>,
}

/// Who holds what: a slot per connection, so that noting a checkout is one store.
///
/// Guarded by the pool's lock.
#[derive(Debug, Default)]
pub(crate) struct Checkouts {
    slots: Vec<Option<Checkout>>,
    free: Vec<usize>,
}

impl Checkouts {
    pub(crate) fn open_slot(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        })
    }

    pub(crate) fn close_slot(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.free.push(slot);
    }

    pub(crate) fn out(&mut self, slot: usize, checkout: Checkout) {
        self.slots[slot] = Some(checkout);
    }

    pub(crate) fn back(&mut self, slot: usize) {
        self.slots[slot] = None;
    }

    pub(crate) fn oldest(&self) -> Option<Checkout> {
        self.slots.iter().flatten().min_by_key(|checkout| checkout.at).copied()
    }
}
