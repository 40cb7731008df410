use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::time::Instant;

use crate::inner::Inner;
use crate::live::Live;
use crate::magazine::Round;
use crate::manager::Manager;
use crate::observer::{CloseReason, Observer};

type Held<M, O> = Round<Arc<Inner<M, O>>, <M as Manager>::Connection>;

const HELD: &str = "a guard holds its connection until it is dropped";

/// A connection on loan; dropping it gives it back at once and without any I/O.
pub struct Guard<M: Manager, O: Observer = ()> {
    /// Both `None` only once it has been given back or detached.
    inner: Option<Arc<Inner<M, O>>>,
    live: Option<Box<Live<M::Connection>>>,
}

impl<M: Manager, O: Observer> Guard<M, O> {
    #[inline]
    pub(crate) fn new(inner: Arc<Inner<M, O>>, live: Box<Live<M::Connection>>) -> Self {
        Self { inner: Some(inner), live: Some(live) }
    }

    #[inline]
    fn take(&mut self) -> Option<Held<M, O>> {
        let (pool, live) = self.inner.take().zip(self.live.take())?;
        Some(Round { pool, live })
    }

    /// Has the connection closed instead of given back when the guard is dropped.
    pub fn broken(&mut self) {
        self.live_mut().broken = true;
    }

    /// Takes the connection out of the pool for good; the pool may make another in its place.
    #[expect(clippy::missing_panics_doc, reason = "a guard that can be moved still holds its connection")]
    pub fn detach(mut self) -> M::Connection {
        let Round { pool: inner, live } = self.take().expect(HELD);
        inner.transition(|state, _| state.detach(&live));
        if let Some(lent_at) = live.lent_at {
            inner.observe(|observer| observer.held(lent_at.elapsed()));
        }
        live.connection
    }

    /// From here on the caller has it.
    pub(crate) fn lend(&mut self, now: Instant) {
        self.live_mut().lent_at = Some(now);
    }

    pub(crate) fn mend(&mut self) {
        self.live_mut().broken = false;
    }

    pub(crate) fn inner(&self) -> &Arc<Inner<M, O>> {
        self.inner.as_ref().expect(HELD)
    }

    pub(crate) fn proven_at(&self) -> Instant {
        self.live().proven_at
    }

    fn live(&self) -> &Live<M::Connection> {
        self.live.as_ref().expect(HELD)
    }

    fn live_mut(&mut self) -> &mut Live<M::Connection> {
        self.live.as_mut().expect(HELD)
    }

    /// Gives a clean connection back without asking for its condition again.
    pub(crate) fn give_back(mut self) {
        self.mend();
        let Round { pool: inner, live } = self.take().expect(HELD);
        inner.transition(|state, later| state.put(live, later));
    }

    /// Closes a connection that no caller has had.
    pub(crate) fn close(mut self, reason: CloseReason) {
        let Round { pool: inner, live } = self.take().expect(HELD);
        inner.transition(|state, later| state.discard(live, reason, later));
    }
}

impl<M: Manager, O: Observer> Deref for Guard<M, O> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        &self.live().connection
    }
}

impl<M: Manager, O: Observer> DerefMut for Guard<M, O> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        &mut self.live_mut().connection
    }
}

impl<M: Manager, O: Observer> Drop for Guard<M, O> {
    #[inline]
    fn drop(&mut self) {
        if let Some(Round { pool: inner, live }) = self.take() {
            inner.take_back(live);
        }
    }
}

// By hand: a derive would ask for `M: Debug`.
impl<M: Manager<Connection: fmt::Debug>, O: Observer> fmt::Debug for Guard<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("connection", &**self)
            .field("broken", &self.live().broken)
            .finish_non_exhaustive()
    }
}
