use super::{
    meter::Meter,
    word::{Turn, Word},
};
use crate::telemetry::{Event, Observer};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::Instant;

/// A turn to come: given back when dropped.
pub(super) struct Waiting<'p, O: Observer> {
    meter: &'p Meter<O>,
    word: &'p Word,
    turn: Turn,
    since: Instant,
}

impl<'p, O: Observer> Waiting<'p, O> {
    pub(super) fn new(meter: &'p Meter<O>, word: &'p Word, turn: Turn, wait: Duration) -> Self {
        meter.waiting.fetch_add(1, Ordering::Relaxed);
        // No second look at the clock: the decision had one.
        let since = meter.moment(&turn) - wait;
        let waiting = Self { meter, word, turn, since };
        meter.observer.on(&meter.id, Event::Queued);
        waiting
    }

    pub(super) fn waited(&self) -> Duration {
        self.since.elapsed()
    }

    /// The turn has come and is used.
    pub(super) fn use_turn(self, waited: Duration) {
        self.meter.waiting.fetch_sub(1, Ordering::Relaxed);
        self.meter.waited.fetch_add(1, Ordering::Relaxed);
        let meter = self.meter;
        std::mem::forget(self);
        meter.observer.on(&meter.id, Event::Waited(waited));
    }
}

impl<O: Observer> Drop for Waiting<'_, O> {
    fn drop(&mut self) {
        self.meter.waiting.fetch_sub(1, Ordering::Relaxed);
        self.word.give_back(&self.turn, self.meter.pace(), self.meter.now());
    }
}
