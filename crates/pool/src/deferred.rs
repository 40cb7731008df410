use std::sync::Arc;
use std::task::Waker;

use crate::error::Fault;
use crate::live::Live;

/// What a change of state calls for once the lock is released: nothing here may run under it, being the executor's or the user's code.
#[derive(Debug)]
pub(crate) struct Deferred<C, E> {
    pub(crate) wake: Option<Waker>,
    pub(crate) wake_all: Vec<Waker>,
    /// Connects to spawn, already counted as under way.
    pub(crate) connects: usize,
    /// Connections to drop.
    pub(crate) retired: Vec<Box<Live<C>>>,
    /// An error no longer worth keeping.
    pub(crate) forgotten: Option<Arc<Fault<E>>>,
    /// The pool is closed and its last connection has left.
    pub(crate) drained: bool,
}

impl<C, E> Default for Deferred<C, E> {
    fn default() -> Self {
        Self {
            wake: None,
            wake_all: Vec::new(),
            connects: 0,
            retired: Vec::new(),
            forgotten: None,
            drained: false,
        }
    }
}
