use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::acquire::{Begun, at_once, in_time, without_waiting};
use crate::error::GetError;
use crate::guard::Guard;
use crate::hooks::HookFuture;
use crate::lanes::LaneId;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::pool::Pool;

/// A pool as one purpose sees it: with a guarantee and a cap of its own; made by [`Pool::lane`], cloned to share.
///
/// Within a lane callers are served in order of arrival. Between lanes the one that holds the fewest comes first, and of equals whoever
/// came first, as far as their caps and the guarantees of the others allow: a lane that is held up or flooded holds up nobody else.
pub struct Lane<M: Manager, O: Observer = ()> {
    pool: Pool<M, O>,
    id: LaneId,
}

impl<M: Manager, O: Observer> Lane<M, O> {
    pub(crate) fn new(pool: Pool<M, O>, id: LaneId) -> Self {
        Self { pool, id }
    }

    /// As [`Pool::get`], within this lane's limits.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<Guard<M, O>, GetError<M::Error>>> + Send {
        let caller = self.pool.caller(self.id, Location::caller());
        async move {
            match at_once(self.pool.inner(), &caller) {
                Ok(guard) => Ok(guard),
                Err(begun) => in_time(self.pool.inner(), caller, None, begun).await,
            }
        }
    }

    /// As [`Pool::get_prepared`], within this lane's limits.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get_prepared`].
    #[track_caller]
    pub fn get_prepared(
        &self,
        prepare: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Guard<M, O>, GetError<M::Error>>> + Send {
        let caller = self.pool.caller(self.id, Location::caller());
        async move {
            let begun = Begun::afresh();
            in_time(self.pool.inner(), caller, Some(Arc::new(prepare)), begun).await
        }
    }

    /// As [`Pool::try_get`], within this lane's limits.
    #[track_caller]
    #[must_use]
    pub fn try_get(&self) -> Option<Guard<M, O>> {
        without_waiting(self.pool.inner(), &self.pool.caller(self.id, Location::caller()))
    }

    /// The pool it is a lane of.
    pub fn pool(&self) -> &Pool<M, O> {
        &self.pool
    }
}

// By hand: a derive would ask for `M: Clone`.
impl<M: Manager, O: Observer> Clone for Lane<M, O> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), id: self.id }
    }
}

impl<M: Manager, O: Observer> fmt::Debug for Lane<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("pool", &self.pool).field("id", &self.id).finish()
    }
}
