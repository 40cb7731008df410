use super::{Fault, clock::Clock, station::Station, usage::Work};
use parking_lot::Mutex;
use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// The way from requests to the server they share with the one who drives it.
#[derive(Clone, Debug)]
pub(super) struct Link(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    state: Mutex<State>,
}

/// Wakers are woken when the lock is free again.
#[derive(Debug)]
struct State {
    station: Station,
    /// Until when the driver sleeps, and how to wake it.
    sleeping: Option<(u64, Waker)>,
}

impl Link {
    pub(super) fn new(clock: Clock, station: Station) -> Self {
        Self(Arc::new(Shared { clock, state: Mutex::new(State { station, sleeping: None }) }))
    }

    /// A request comes.
    pub(super) fn arrive(&self) -> Result<u64, Fault> {
        self.at_work(Station::arrive)
    }

    /// Whether the answer to a request is there.
    pub(super) fn poll(&self, id: u64, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.0.state.lock().station.poll(id, cx)
    }

    /// The caller of a request goes.
    pub(super) fn leave(&self, id: u64) {
        self.at_work(|station| station.leave(id));
    }

    /// Lets happen what is due; the driver is awake from here on.
    pub(super) fn catch_up(&self) {
        self.0.state.lock().sleeping = None;
        self.at_work(|_| ());
    }

    /// When the server must be attended to, not later than `latest`; the driver sleeps until then, and is woken if it
    /// must be sooner.
    pub(super) fn sleep(&self, latest: u64, cx: &Context<'_>) -> u64 {
        let mut state = self.0.state.lock();
        let until = state.station.next_event().map_or(latest, |event| event.min(latest));
        state.sleeping = Some((until, cx.waker().clone()));
        until
    }

    /// The server's books, closed at `end`.
    pub(super) fn books(&self, end: u64) -> Vec<Work> {
        let mut state = self.0.state.lock();
        state.station.advance(end);
        state.station.slices().to_vec()
    }

    fn at_work<R>(&self, event: impl FnOnce(&mut Station) -> R) -> R {
        let now = self.0.clock.now();
        let mut state = self.0.state.lock();
        state.station.advance(now);
        let result = event(&mut state.station);
        let answered = state.station.take_answered();
        let next = state.station.next_event();
        let sooner = state.sleeping.take_if(|(until, _)| next.is_some_and(|next| next < *until));
        drop(state);
        answered.into_iter().for_each(Waker::wake);
        if let Some((_, driver)) = sooner {
            driver.wake();
        }
        result
    }
}
