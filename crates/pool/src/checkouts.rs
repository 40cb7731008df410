use std::backtrace::Backtrace;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::lanes::LaneId;
use crate::leak::Leak;

/// Who asks for a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) by: &'static Location<'static>,
    pub(crate) lane: LaneId,
    pub(crate) backtrace: Option<Arc<Backtrace>>,
}

/// One connection out of the pool: since when, and who asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkout {
    pub(crate) at: Instant,
    pub(crate) by: &'static Location<'static>,
    pub(crate) lane: LaneId,
}

#[derive(Debug, Default)]
struct Slot {
    checkout: Option<Checkout>,
    backtrace: Option<Arc<Backtrace>>,
    reported: bool,
}

/// Who holds what: a slot per connection, so that noting a checkout is one store.
///
/// Guarded by the pool's lock.
#[derive(Debug, Default)]
pub(crate) struct Checkouts {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

impl Checkouts {
    pub(crate) fn open_slot(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        })
    }

    pub(crate) fn close_slot(&mut self, slot: usize) {
        self.slots[slot] = Slot::default();
        self.free.push(slot);
    }

    #[inline]
    pub(crate) fn out(&mut self, slot: usize, checkout: Checkout, backtrace: Option<&Arc<Backtrace>>) {
        let slot = &mut self.slots[slot];
        slot.checkout = Some(checkout);
        if backtrace.is_some() {
            slot.backtrace = backtrace.cloned();
        }
    }

    /// Notes a checkout of a connection that is out already, for another.
    pub(crate) fn out_again(&mut self, slot: usize, checkout: Checkout) {
        self.slots[slot] = Slot { checkout: Some(checkout), backtrace: None, reported: false };
    }

    /// Ends a checkout; says whose lane it was.
    #[inline]
    pub(crate) fn back(&mut self, slot: usize) -> LaneId {
        let slot = &mut self.slots[slot];
        if slot.backtrace.is_some() {
            slot.backtrace = None;
        }
        slot.reported = false;
        slot.checkout.take().expect("only what is out comes back").lane
    }

    pub(crate) fn oldest(&self) -> Option<Checkout> {
        self.slots.iter().filter_map(|slot| slot.checkout).min_by_key(|checkout| checkout.at)
    }

    /// What has been out for `limit` and was not reported yet.
    pub(crate) fn leaks(&mut self, now: Instant, limit: Duration) -> Vec<Leak> {
        let overdue = self.slots.iter_mut().filter_map(|slot| {
            let checkout = slot.checkout.filter(|_| !slot.reported)?;
            let age = now.saturating_duration_since(checkout.at);
            if age < limit {
                return None;
            }
            slot.reported = true;
            Some(Leak { age, location: checkout.by, backtrace: slot.backtrace.clone() })
        });
        overdue.collect()
    }
}
