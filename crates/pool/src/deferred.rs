use std::sync::Arc;
use std::task::Waker;

use crate::error::Fault;
use crate::live::Live;
use crate::observer::CloseReason;

/// What a change of state calls for once the lock is released: nothing here may run under it, being the executor's or the user's code.
#[derive(Debug)]
pub(crate) struct Deferred<C, E> {
    wake: Option<Waker>,
    /// Connects to spawn, already counted as under way.
    pub(crate) connects: usize,
    /// The pool is closed and its last connection has left.
    pub(crate) drained: bool,
    /// Boxed, so that a checkout and a return, which leave nothing here, carry and test one pointer.
    leftovers: Option<Box<Leftovers<C, E>>>,
}

/// The parts that only the rarer changes leave.
#[derive(Debug)]
pub(crate) struct Leftovers<C, E> {
    pub(crate) wake_all: Vec<Waker>,
    /// Connections to close.
    pub(crate) retired: Vec<(Box<Live<C>>, CloseReason)>,
    /// An error no longer worth keeping.
    pub(crate) forgotten: Option<Arc<Fault<E>>>,
    /// The clock is read once a tick from now on.
    pub(crate) starts_ticker: bool,
}

impl<C, E> Deferred<C, E> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { wake: None, connects: 0, drained: false, leftovers: None }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.wake.is_none() && self.connects == 0 && !self.drained && self.leftovers.is_none()
    }

    /// Wakes in the order of the calls.
    #[inline]
    pub(crate) fn wake(&mut self, waker: Waker) {
        if self.wake.is_none() {
            self.wake = Some(waker);
        } else {
            self.leftovers().wake_all.push(waker);
        }
    }

    #[inline]
    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        self.wake.take()
    }

    #[inline]
    pub(crate) fn take_leftovers(&mut self) -> Option<Box<Leftovers<C, E>>> {
        self.leftovers.take()
    }

    #[cold]
    pub(crate) fn leftovers(&mut self) -> &mut Leftovers<C, E> {
        self.leftovers.get_or_insert_with(|| {
            Box::new(Leftovers {
                wake_all: Vec::new(),
                retired: Vec::new(),
                forgotten: None,
                starts_ticker: false,
            })
        })
    }
}
