use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::role::Replicated;
use super::turn::{Outcome, Turn};
use crate::guard::Guard;
use crate::manager::Manager;
use crate::observer::Observer;

/// A connection of one node of a [`ReplicaSet`](crate::ReplicaSet) on loan; dropping it gives it back at once and without any I/O.
pub struct Routed<M: Replicated, O: Observer = ()> {
    guard: Guard<M, O>,
    node: Arc<str>,
    writes: bool,
    turn: Turn<M, O>,
}

impl<M: Replicated, O: Observer> Routed<M, O> {
    pub(super) fn new(guard: Guard<M, O>, writes: bool, mut turn: Turn<M, O>) -> Self {
        turn.outcome = Outcome::Served;
        Self { node: Arc::clone(&guard.inner().name), guard, writes, turn }
    }

    /// The name of the node it leads to.
    pub fn node(&self) -> &Arc<str> {
        &self.node
    }

    /// Tells the set how a call on the connection went wrong. Whether it concerns the node, the manager knows: a primary that takes no
    /// writes any more is asked for its role at once, with every other node; an error that speaks of the server counts towards the
    /// node's ejection, and the connection is closed on return. Says whether it did.
    pub fn report(&mut self, error: &M::Error) -> bool {
        let manager = &self.guard.inner().manager;
        let read_only = self.writes && manager.is_read_only(error);
        let fatal = manager.is_fatal(error);
        if read_only {
            self.turn.set.demoted(self.turn.node);
        } else if fatal {
            self.turn.outcome = Outcome::Failed;
            self.guard.broken();
        }
        read_only || fatal
    }
}

impl<M: Replicated, O: Observer> Deref for Routed<M, O> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        &self.guard
    }
}

impl<M: Replicated, O: Observer> DerefMut for Routed<M, O> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        &mut self.guard
    }
}

// By hand: a derive would ask for `M: Debug`.
impl<M, O> fmt::Debug for Routed<M, O>
where
    M: Replicated + Manager<Connection: fmt::Debug>,
    O: Observer,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed").field("node", &self.node).field("guard", &self.guard).finish_non_exhaustive()
    }
}
