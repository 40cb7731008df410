use std::sync::Arc;
use std::task::Waker;

use crate::error::Fault;
use crate::live::Live;

/// What a change of state calls for once the lock is released: nothing here may run under it, being the executor's or the user's code.
#[derive(Debug)]
pub(crate) struct Deferred<C, E> {
    pub(crate) wake: Option<Waker>,
    /// Connects to spawn, already counted as under way.
    pub(crate) connects: usize,
    /// The pool is closed and its last connection has left.
    pub(crate) drained: bool,
    /// Boxed, so that a checkout and a return, which leave nothing here, carry and test one pointer.
    pub(crate) leftovers: Option<Box<Leftovers<C, E>>>,
}

/// The parts that only the rarer changes leave.
#[derive(Debug)]
pub(crate) struct Leftovers<C, E> {
    pub(crate) wake_all: Vec<Waker>,
    /// Connections to drop.
    pub(crate) retired: Vec<Box<Live<C>>>,
    /// An error no longer worth keeping.
    pub(crate) forgotten: Option<Arc<Fault<E>>>,
}

impl<C, E> Deferred<C, E> {
    pub(crate) fn new() -> Self {
        Self { wake: None, connects: 0, drained: false, leftovers: None }
    }

    pub(crate) fn leftovers(&mut self) -> &mut Leftovers<C, E> {
        self.leftovers.get_or_insert_with(|| {
            Box::new(Leftovers { wake_all: Vec::new(), retired: Vec::new(), forgotten: None })
        })
    }
}
