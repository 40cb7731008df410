use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};

use crate::error::GetError;
use crate::guard::Guard;
use crate::inner::{Inner, check};
use crate::manager::Manager;
use crate::state::Taken;
use crate::waiters::{Place, Ticket};

/// The whole way to a connection. The clock is read once, and the timer is armed only if the caller has to wait.
pub(crate) async fn acquire<M: Manager>(
    inner: &Arc<Inner<M>>,
    by: &'static Location<'static>,
) -> Result<Guard<M>, GetError<M::Error>> {
    let now = Instant::now();
    match inner.transition(|state, later| state.take(now, by, later)) {
        Some(Taken { live, needs_check: false }) => Ok(Guard::new(Arc::clone(inner), live)),
        Some(stale) => acquire_slowly(inner, by, now, Some(stale)).await,
        None => acquire_slowly(inner, by, now, None).await,
    }
}

async fn acquire_slowly<M: Manager>(
    inner: &Arc<Inner<M>>,
    by: &'static Location<'static>,
    since: Instant,
    mut taken: Option<Taken<M::Connection>>,
) -> Result<Guard<M>, GetError<M::Error>> {
    let deadline = since + inner.config.acquire_timeout;
    let mut served_before = false;
    loop {
        let Taken { live, needs_check } = match taken.take() {
            Some(taken) => taken,
            None => timeout_at(deadline, Wait { inner, by, front: served_before, ticket: None })
                .await
                .map_err(|_| inner.timeout(since))?
                .ok_or_else(|| inner.closed())?,
        };
        let guard = Guard::new(Arc::clone(inner), live);
        if !needs_check {
            return Ok(guard);
        }
        // Dropping the handle leaves the task running: a check that is no longer waited for still gives its connection back.
        let checked = inner.runtime.spawn(check(guard));
        if let Ok(Some(guard)) = timeout_at(deadline, checked).await.map_err(|_| inner.timeout(since))? {
            return Ok(guard);
        }
        served_before = true;
    }
}

/// A place in the line; `None` means that the pool is closed.
struct Wait<'a, M: Manager> {
    inner: &'a Arc<Inner<M>>,
    by: &'static Location<'static>,
    front: bool,
    ticket: Option<Ticket>,
}

impl<M: Manager> Wait<'_, M> {
    /// Joins the line unless a connection lies idle: both under one lock, or a return in between would wake nobody (bb8#122).
    fn join(&mut self, cx: &Context<'_>) -> Poll<Option<Taken<M::Connection>>> {
        let now = Instant::now();
        let taken = self.inner.transition(|state, later| {
            let taken = state.take(now, self.by, later);
            if taken.is_none() {
                self.ticket = state.wait(self.front, cx.waker().clone(), self.by);
            }
            taken
        });
        if taken.is_none() && self.ticket.is_some() { Poll::Pending } else { Poll::Ready(taken) }
    }
}

impl<M: Manager> Future for Wait<'_, M> {
    type Output = Option<Taken<M::Connection>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else { return self.join(cx) };
        let now = Instant::now();
        let live = match self.inner.transition(|state, _| state.look(ticket, cx.waker(), now, self.by)) {
            Place::Waiting => return Poll::Pending,
            Place::Granted(live) => Some(live),
            Place::Gone => None,
        };
        self.ticket = None;
        // Just used or just made: there is nothing to check.
        Poll::Ready(live.map(|live| Taken { live, needs_check: false }))
    }
}

impl<M: Manager> Drop for Wait<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.inner.transition(|state, later| state.leave(ticket, later));
        }
    }
}
