use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::Waker;
use std::time::Duration;

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::checkouts::Caller;
use crate::clock::{self, Ticker};
use crate::config::PoolConfig;
use crate::connector;
use crate::deferred::{Deferred, Leftovers};
use crate::error::{Fault, GetError};
use crate::goodbye;
use crate::guard::Guard;
use crate::hooks::Hooks;
use crate::lanes::UNNAMED;
use crate::leak::Leak;
use crate::live::Live;
use crate::magazine::{Magazines, Round, thread_number};
use crate::manager::{Condition, Manager};
use crate::observer::{CloseReason, Observer};
use crate::recovery;
use crate::state::{Refusal, State, Taken};
use crate::status::Status;

type PoolState<M> = State<<M as Manager>::Connection, <M as Manager>::Error>;
type Later<M> = Deferred<<M as Manager>::Connection, <M as Manager>::Error>;
pub(crate) type OnLeak = Box<dyn Fn(&Leak) + Send + Sync>;

/// How far a pool is on its way out; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    Closing,
    Drained,
}

/// What the handles, the guards and the background tasks of a pool share.
pub(crate) struct Inner<M: Manager, O: Observer> {
    /// On a cache line of its own: the reference count beside it is written by every guard.
    state: CachePadded<Mutex<PoolState<M>>>,
    magazines: Magazines<Arc<Self>, M::Connection>,
    /// Whether anybody waits, as of some moment: a hint for who asks, on a cache line that changes seldom.
    has_line: CachePadded<AtomicBool>,
    pub(crate) name: Arc<str>,
    pub(crate) manager: M,
    pub(crate) hooks: Hooks<M>,
    observer: O,
    pub(crate) on_leak: Option<OnLeak>,
    /// The configuration's `leak_backtrace`, `thread_affinity` and `acquire_timeout`, here because callers need them outside of the lock.
    captures_backtraces: AtomicBool,
    thread_affinity: AtomicBool,
    acquire_timeout_ns: AtomicU64,
    pub(crate) runtime: Handle,
    pub(crate) phase: watch::Sender<Phase>,
    /// Tells those who wait for the minimum that a connect has succeeded.
    pub(crate) grown: Notify,
}

impl<M: Manager, O: Observer> Inner<M, O> {
    pub(crate) fn new(
        name: Arc<str>,
        manager: M,
        config: PoolConfig,
        hooks: Hooks<M>,
        observer: O,
        on_leak: Option<OnLeak>,
        runtime: Handle,
    ) -> Self {
        let captures_backtraces = AtomicBool::new(config.leak_backtrace);
        let thread_affinity = AtomicBool::new(config.thread_affinity);
        let acquire_timeout_ns = AtomicU64::new(nanos(config.acquire_timeout));
        let state = State::new(Arc::new(config), hooks.before_close.is_some(), Instant::now());
        Self {
            state: CachePadded::new(Mutex::new(state)),
            magazines: Magazines::new(),
            has_line: CachePadded::new(AtomicBool::new(false)),
            name,
            manager,
            hooks,
            observer,
            on_leak,
            captures_backtraces,
            thread_affinity,
            acquire_timeout_ns,
            runtime,
            phase: watch::Sender::new(Phase::Open),
            grown: Notify::new(),
        }
    }

    /// Takes one step under the lock, with the whole pool before it, then does what it calls for outside of it.
    #[inline]
    pub(crate) fn transition<R>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut PoolState<M>, &mut Later<M>) -> R,
    ) -> R {
        self.exchange(|state, later| {
            self.magazines.call_in(state, later);
            step(state, later)
        })
    }

    /// As [`Inner::transition`], for a step that does not mind what lies in the magazines: to take what lies ready, and to give back.
    #[inline]
    fn exchange<R>(self: &Arc<Self>, step: impl FnOnce(&mut PoolState<M>, &mut Later<M>) -> R) -> R {
        let mut later = Deferred::new();
        let outcome = {
            let mut state = self.state.lock();
            let outcome = step(&mut state, &mut later);
            state.settle(&mut later);
            if state.has_line() != self.has_line.load(Relaxed) {
                self.has_line.store(state.has_line(), Relaxed);
            }
            outcome
        };
        if !later.is_empty() {
            self.carry_out(later);
        }
        outcome
    }

    /// Whether connections may stay with their threads, in which case a caller looks there first.
    #[inline]
    pub(crate) fn thread_affinity(&self) -> bool {
        self.thread_affinity.load(Relaxed)
    }

    /// Takes the connection that this thread used last, if it has stayed with it.
    #[inline(never)]
    pub(crate) fn take_own(&self, caller: &Caller) -> Option<Round<Arc<Self>, M::Connection>> {
        if caller.lane != UNNAMED || caller.backtrace.is_some() || self.hooks.before_acquire.is_some() {
            return None;
        }
        self.magazines.take(thread_number(), caller.by)
    }

    /// Takes a connection that lies ready for everybody.
    #[inline]
    pub(crate) fn take(
        self: &Arc<Self>,
        caller: &Caller,
        exact: Option<Instant>,
    ) -> Option<Taken<M::Connection>> {
        self.exchange(|state, later| state.take(caller, exact, later))
    }

    /// Reads under the lock.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&PoolState<M>) -> R) -> R {
        look(&self.state.lock())
    }

    #[inline]
    pub(crate) fn has_line(&self) -> bool {
        self.has_line.load(Relaxed)
    }

    /// As [`Inner::transition`], for a step that makes room for nobody: nothing is served and no connect is started.
    pub(crate) fn unsettled<R>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut PoolState<M>, &mut Later<M>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let outcome = {
            let mut state = self.state.lock();
            self.magazines.call_in(&mut state, &mut later);
            step(&mut state, &mut later)
        };
        self.carry_out(later);
        outcome
    }

    /// The configuration as it stands; it may be replaced at any time.
    pub(crate) fn config(&self) -> Arc<PoolConfig> {
        self.read(|state| Arc::clone(state.config()))
    }

    pub(crate) fn reconfigure(self: &Arc<Self>, config: PoolConfig) {
        self.captures_backtraces.store(config.leak_backtrace, Relaxed);
        self.thread_affinity.store(config.thread_affinity, Relaxed);
        self.acquire_timeout_ns.store(nanos(config.acquire_timeout), Relaxed);
        let config = Arc::new(config);
        drop(self.transition(|state, later| state.reconfigure(config, later)));
    }

    #[inline]
    pub(crate) fn captures_backtraces(&self) -> bool {
        self.captures_backtraces.load(Relaxed)
    }

    pub(crate) fn acquire_timeout(&self) -> Duration {
        Duration::from_nanos(self.acquire_timeout_ns.load(Relaxed))
    }

    fn carry_out(self: &Arc<Self>, mut later: Later<M>) {
        if let Some(waker) = later.take_waker() {
            waker.wake();
        }
        if let Some(leftovers) = later.take_leftovers() {
            self.clear_away(*leftovers);
        }
        for _ in 0..later.connects {
            self.runtime.spawn(connector::run(connector::Underway::new(self)));
        }
        if later.drained {
            self.advance(Phase::Drained);
        }
    }

    /// Ahead of new connects, so that an old connection which makes room is gone before its successor begins.
    #[cold]
    fn clear_away(self: &Arc<Self>, leftovers: Leftovers<M::Connection, M::Error>) {
        let Leftovers { wake_all, retired, forgotten, starts_ticker } = leftovers;
        wake_all.into_iter().for_each(Waker::wake);
        if starts_ticker {
            self.runtime.spawn(clock::run(Ticker::new(self)));
        }
        for (live, reason) in retired {
            self.observe(|observer| observer.closed(reason));
            if self.hooks.before_close.is_some() {
                self.runtime.spawn(goodbye::run(goodbye::Leaving::new(self, live)));
            } else {
                // Their destructors are the user's: a panic there must not keep the rest from being done.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(live)));
            }
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(forgotten)));
    }

    /// Tells the observer, if there is one; its panics end here.
    #[inline]
    pub(crate) fn observe(&self, tell: impl FnOnce(&O)) {
        if O::ENABLED {
            let _ = catch_unwind(AssertUnwindSafe(|| tell(&self.observer)));
        }
    }

    /// Counts a connect out whose task was dropped.
    ///
    /// Starts no other in its place: a runtime that is shutting down drops what it is given at once, and would be given the next. If it
    /// is not, the next transition starts one, at the latest the reaper's.
    pub(crate) fn abandon_connect(self: &Arc<Self>) {
        let closed = {
            let mut state = self.state.lock();
            state.connect_abandoned();
            state.is_closed()
        };
        if closed {
            self.transition(|_, _| ());
        }
    }

    pub(crate) fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let forward = *phase < to;
            *phase = to.max(*phase);
            forward
        });
    }

    /// Takes a connection back from a guard, without any I/O of its own.
    #[inline]
    pub(crate) fn take_back(self: Arc<Self>, mut live: Box<Live<M::Connection>>) {
        let lent_at = if O::ENABLED { live.lent_at.take() } else { None };
        let condition = if live.broken { Condition::Broken } else { self.condition(&live.connection) };
        match condition {
            Condition::Clean if self.hooks.after_release.is_none() => {
                if self.thread_affinity.load(Relaxed) {
                    // Told ahead of the return, which takes the reference to the pool along.
                    self.tell_held(lent_at);
                    return self.leave_with_thread(live);
                }
                self.exchange(|state, later| state.put(live, later));
            }
            Condition::Broken => {
                self.transition(|state, later| state.discard(live, CloseReason::Broken, later));
            }
            Condition::Clean | Condition::Dirty => {
                let guard = Guard::new(Arc::clone(&self), live);
                self.runtime.spawn(recovery::run(guard, condition));
            }
        }
        self.tell_held(lent_at);
    }

    #[inline]
    fn tell_held(&self, lent_at: Option<Instant>) {
        if let Some(lent_at) = lent_at {
            self.observe(|observer| observer.held(lent_at.elapsed()));
        }
    }

    /// Leaves a clean connection with its thread or puts it back for everybody. Apart, or every return would pay for its size.
    #[inline(never)]
    fn leave_with_thread(self: Arc<Self>, live: Box<Live<M::Connection>>) {
        let thread = thread_number();
        let Round { pool, live } = match self.magazines.magazine_of(&live, thread) {
            Some(magazine) => match magazine.put(Round { pool: self, live }) {
                Ok(()) => return,
                Err(round) => round,
            },
            None => Round { pool: self, live },
        };
        pool.exchange(|state, later| {
            pool.magazines.put_or_open(state, live, thread, || Arc::clone(&pool), later);
        });
    }

    /// A panic in a drop would abort the process if it met another: it condemns the connection instead.
    fn condition(&self, connection: &M::Connection) -> Condition {
        catch_unwind(AssertUnwindSafe(|| self.manager.condition(connection))).unwrap_or(Condition::Broken)
    }

    /// Whether a failure speaks of the server: a call that hung or panicked always does.
    pub(crate) fn is_fatal(&self, fault: &Fault<M::Error>) -> bool {
        match fault {
            Fault::Failed(error) => {
                catch_unwind(AssertUnwindSafe(|| self.manager.is_fatal(error))).unwrap_or(true)
            }
            _ => true,
        }
    }

    /// Whether a connect failed because the server has too many connections already.
    pub(crate) fn is_too_many(&self, fault: &Fault<M::Error>) -> bool {
        let Fault::Failed(error) = fault else { return false };
        catch_unwind(AssertUnwindSafe(|| self.manager.is_too_many_connections(error))).unwrap_or(false)
    }

    pub(crate) fn status(self: &Arc<Self>) -> Status {
        self.status_and_fault().0
    }

    fn status_and_fault(self: &Arc<Self>) -> (Status, Option<Arc<Fault<M::Error>>>) {
        let now = Instant::now();
        let (mut status, fault) = self.unsettled(|state, _| state.status(Arc::clone(&self.name), now));
        status.last_connect_error = fault.as_ref().map(ToString::to_string);
        (status, fault)
    }

    pub(crate) fn timeout(self: &Arc<Self>, waited: Duration) -> GetError<M::Error> {
        let (status, source) = self.status_and_fault();
        GetError::Timeout { waited, status: Box::new(status), source }
    }

    pub(crate) fn refused(self: &Arc<Self>, refusal: Refusal) -> GetError<M::Error> {
        match refusal {
            Refusal::Closed => GetError::Closed { pool: Arc::clone(&self.name) },
            Refusal::Outage { retry_after } => {
                let (status, source) = self.status_and_fault();
                GetError::Unavailable { retry_after, status: Box::new(status), source }
            }
        }
    }
}

/// An hour at most, as validated.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
