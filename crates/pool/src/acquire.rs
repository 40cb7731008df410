use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::checkouts::Caller;
use crate::error::GetError;
use crate::guard::Guard;
use crate::hooks::Hook;
use crate::inner::Inner;
use crate::live::Live;
use crate::magazine::Round;
use crate::manager::Manager;
use crate::observer::{Observer, WaitEnd};
use crate::preparation;
use crate::state::{Refusal, Taken};
use crate::waiter::{Place, Waiter};
use crate::waiters::Ticket;

/// The short way, for a connection that lies ready: reads the clock once in a while and arms no timer. What it has taken and cannot
/// hand out as it is comes back for the long way.
#[inline]
pub(crate) fn at_once<M: Manager, O: Observer>(
    inner: &Arc<Inner<M, O>>,
    caller: &Caller,
) -> Result<Guard<M, O>, Begun<M, O>> {
    let exact = O::ENABLED.then(Instant::now);
    if inner.thread_affinity()
        && let Some(Round { pool, mut live }) = inner.take_own(caller)
    {
        note_served(inner, &mut live, exact);
        return Ok(Guard::new(pool, live));
    }
    if inner.has_line() {
        // Nothing can lie ready: joining the line, which looks again, is the only turn at the lock it needs.
        return Err(Begun::new(inner, None, exact));
    }
    match inner.take(caller, exact) {
        Some(Taken { mut live, needs_check: false }) if inner.hooks.before_acquire.is_none() => {
            note_served(inner, &mut live, exact);
            Ok(Guard::new(Arc::clone(inner), live))
        }
        taken => Err(Begun::new(inner, taken, exact)),
    }
}

/// Tells the observer, if there is one, of a caller who has not waited.
#[inline]
fn note_served<M: Manager, O: Observer>(
    inner: &Inner<M, O>,
    live: &mut Live<M::Connection>,
    exact: Option<Instant>,
) {
    if O::ENABLED {
        live.lent_at = exact;
        inner.observe(|observer| observer.waited(Duration::ZERO, WaitEnd::Served));
    }
}

/// The short way or none: unchecked, and not past a hook that would have to run.
pub(crate) fn without_waiting<M: Manager, O: Observer>(
    inner: &Arc<Inner<M, O>>,
    caller: &Caller,
) -> Option<Guard<M, O>> {
    if inner.hooks.before_acquire.is_some() {
        return None;
    }
    let now = Instant::now();
    let Taken { live, .. } = inner.transition(|state, later| state.take(caller, Some(now), later))?;
    let mut guard = Guard::new(Arc::clone(inner), live);
    if O::ENABLED {
        guard.lend(now);
        inner.observe(|observer| observer.waited(Duration::ZERO, WaitEnd::Served));
    }
    Some(guard)
}

/// What the short way leaves to the long one.
pub(crate) struct Begun<M: Manager, O: Observer> {
    /// In a guard before the first await, or a caller dropped there would lose it (bb8#59).
    taken: Option<(Guard<M, O>, bool)>,
    since: Instant,
}

impl<M: Manager, O: Observer> Begun<M, O> {
    /// For a caller who must go the long way in any case.
    pub(crate) fn afresh() -> Self {
        Self { taken: None, since: Instant::now() }
    }

    #[cold]
    fn new(inner: &Arc<Inner<M, O>>, taken: Option<Taken<M::Connection>>, exact: Option<Instant>) -> Self {
        let taken = taken.map(|taken| (Guard::new(Arc::clone(inner), taken.live), taken.needs_check));
        Self { taken, since: exact.unwrap_or_else(Instant::now) }
    }
}

/// The long way: waits in line, has checks and hooks run, and keeps the time limit.
pub(crate) async fn in_time<M: Manager, O: Observer>(
    inner: &Arc<Inner<M, O>>,
    caller: Caller,
    prepare: Option<Hook<M>>,
    begun: Begun<M, O>,
) -> Result<Guard<M, O>, GetError<M::Error>> {
    let Begun { taken, since } = begun;
    let mut patience = Patience { inner, since, end: WaitEnd::Cancelled };
    let outcome = wait_and_prepare(inner, &caller, prepare, taken, since).await;
    patience.end = match &outcome {
        Ok(_) => WaitEnd::Served,
        Err(GetError::Timeout { .. }) => WaitEnd::TimedOut,
        Err(_) => WaitEnd::Refused,
    };
    outcome
}

async fn wait_and_prepare<M: Manager, O: Observer>(
    inner: &Arc<Inner<M, O>>,
    caller: &Caller,
    prepare: Option<Hook<M>>,
    mut taken: Option<(Guard<M, O>, bool)>,
    since: Instant,
) -> Result<Guard<M, O>, GetError<M::Error>> {
    let prepares = prepare.is_some() || inner.hooks.before_acquire.is_some();
    let deadline = since + inner.acquire_timeout();
    let timeout = || inner.timeout(since.elapsed());
    let (mut now, mut served_before) = (since, false);
    loop {
        let (mut guard, needs_check) = match taken.take() {
            Some(taken) => taken,
            None => {
                let wait = Wait {
                    inner,
                    caller,
                    asked_at: now,
                    deadline,
                    front: served_before,
                    ticket: None,
                    timer: None,
                };
                let Taken { live, needs_check } = wait.await.map_err(|unserved| match unserved {
                    Unserved::Refused(refusal) => inner.refused(refusal),
                    Unserved::TimedOut => timeout(),
                })?;
                (Guard::new(Arc::clone(inner), live), needs_check)
            }
        };
        if needs_check || prepares {
            // Dropping the handle leaves the task running: one that is no longer waited for still gives its connection back.
            let task = inner.runtime.spawn(preparation::run(guard, needs_check, prepare.clone()));
            let Ok(Some(prepared)) = timeout_at(deadline, task).await.map_err(|_| timeout())? else {
                (now, served_before) = (Instant::now(), true);
                continue;
            };
            guard = prepared;
        }
        if O::ENABLED {
            guard.lend(Instant::now());
        }
        return Ok(guard);
    }
}

/// Tells the observer how long a caller has waited and how that ended; by a drop, if by nothing else.
struct Patience<'a, M: Manager, O: Observer> {
    inner: &'a Inner<M, O>,
    since: Instant,
    end: WaitEnd,
}

impl<M: Manager, O: Observer> Drop for Patience<'_, M, O> {
    fn drop(&mut self) {
        self.inner.observe(|observer| observer.waited(self.since.elapsed(), self.end));
    }
}

/// A place in the line.
struct Wait<'a, M: Manager, O: Observer> {
    inner: &'a Arc<Inner<M, O>>,
    caller: &'a Caller,
    asked_at: Instant,
    deadline: Instant,
    front: bool,
    ticket: Option<Ticket<Taken<M::Connection>>>,
    /// Most waits are over before the pool's ticker reminds of them: a timer for each would cost more than the rest of the wait.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a wait has brought no connection.
enum Unserved {
    Refused(Refusal),
    TimedOut,
}

/// How far beyond the reminder a deadline must lie for the wait to rely on it, in times of it: a busy runtime ticks late.
const MARGIN: u32 = 5;

impl<M: Manager, O: Observer> Wait<'_, M, O> {
    /// Joins the line unless a connection lies idle: both under one lock, or a return in between would wake nobody (bb8#122).
    fn join(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<Taken<M::Connection>, Unserved>> {
        let waiter = Waiter::new(self.caller, cx.waker().clone());
        let joined = self.inner.transition(|state, later| {
            if let Some(taken) = state.take(self.caller, Some(now), later) {
                return Ok(Joined::Served(taken));
            }
            let ticket = state.wait(self.front, waiter, now, later)?;
            Ok(Joined::Waiting { ticket, reminds_within: state.reminds_within() })
        });
        let (ticket, reminds_within) = match joined {
            Ok(Joined::Served(taken)) => return Poll::Ready(Ok(taken)),
            Ok(Joined::Waiting { ticket, reminds_within }) => (ticket, reminds_within),
            Err(refusal) => return Poll::Ready(Err(Unserved::Refused(refusal))),
        };
        self.ticket = Some(ticket);
        let left = self.deadline.saturating_duration_since(now);
        if !self.front && reminds_within.is_some_and(|span| left > span * MARGIN) {
            return Poll::Pending;
        }
        self.poll_timer(cx)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Taken<M::Connection>, Unserved>> {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(Unserved::TimedOut))
    }
}

enum Joined<C> {
    Served(Taken<C>),
    Waiting { ticket: Ticket<Taken<C>>, reminds_within: Option<Duration> },
}

impl<M: Manager, O: Observer> Future for Wait<'_, M, O> {
    type Output = Result<Taken<M::Connection>, Unserved>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = &self.ticket else {
            let now = self.asked_at;
            return self.join(cx, now);
        };
        match ticket.waiter.look(cx.waker()) {
            Place::Waiting => self.poll_timer(cx),
            Place::Granted(taken) => {
                self.ticket = None;
                Poll::Ready(Ok(taken))
            }
            // Asks again: whoever sent it away has left the reason for whoever joins.
            Place::Gone => {
                self.ticket = None;
                self.join(cx, Instant::now())
            }
        }
    }
}

impl<M: Manager, O: Observer> Drop for Wait<'_, M, O> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.inner.transition(|state, later| state.leave(ticket, later));
        }
    }
}
