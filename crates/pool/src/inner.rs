use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::attempt::attempt;
use crate::config::PoolConfig;
use crate::connector;
use crate::deferred::{Deferred, Leftovers};
use crate::error::{Fault, GetError};
use crate::guard::Guard;
use crate::live::Live;
use crate::manager::{Condition, Manager};
use crate::state::State;
use crate::status::Status;

type PoolState<M> = State<<M as Manager>::Connection, <M as Manager>::Error>;
type Later<M> = Deferred<<M as Manager>::Connection, <M as Manager>::Error>;

/// How far a pool is on its way out; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    Closing,
    Drained,
}

/// What the handles, the guards and the background tasks of a pool share.
pub(crate) struct Inner<M: Manager> {
    /// On a cache line of its own: the reference count beside it is written by every guard.
    state: CachePadded<Mutex<PoolState<M>>>,
    pub(crate) name: Arc<str>,
    pub(crate) manager: M,
    /// The timeouts; the limits that can change live in the state.
    pub(crate) config: PoolConfig,
    pub(crate) runtime: Handle,
    pub(crate) phase: watch::Sender<Phase>,
    /// Tells those who wait for the minimum that a connect has succeeded.
    pub(crate) grown: Notify,
}

impl<M: Manager> Inner<M> {
    pub(crate) fn new(name: Arc<str>, manager: M, config: PoolConfig, runtime: Handle) -> Self {
        Self {
            state: CachePadded::new(Mutex::new(State::new(config.clone(), Instant::now()))),
            name,
            manager,
            config,
            runtime,
            phase: watch::Sender::new(Phase::Open),
            grown: Notify::new(),
        }
    }

    /// Takes one step under the lock, then does what it calls for outside of it.
    #[inline]
    pub(crate) fn transition<R>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut PoolState<M>, &mut Later<M>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let outcome = {
            let mut state = self.state.lock();
            let outcome = step(&mut state, &mut later);
            state.settle(&mut later);
            outcome
        };
        self.carry_out(later);
        outcome
    }

    /// Reads under the lock.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&PoolState<M>) -> R) -> R {
        look(&self.state.lock())
    }

    #[inline]
    fn carry_out(self: &Arc<Self>, later: Later<M>) {
        let Deferred { wake, connects, drained, leftovers } = later;
        if let Some(waker) = wake {
            waker.wake();
        }
        for _ in 0..connects {
            self.runtime.spawn(connector::run(connector::Underway::new(self)));
        }
        if drained {
            self.advance(Phase::Drained);
        }
        if let Some(leftovers) = leftovers {
            // The retired connections and the stale error drop last: their destructors are the user's.
            let Leftovers { wake_all, retired: _retired, forgotten: _forgotten } = *leftovers;
            wake_all.into_iter().for_each(Waker::wake);
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
    pub(crate) fn take_back(self: &Arc<Self>, live: Box<Live<M::Connection>>) {
        let condition = if live.broken { Condition::Broken } else { self.condition(&live.connection) };
        match condition {
            Condition::Clean => self.transition(|state, later| state.put(live, later)),
            Condition::Broken => self.transition(|state, later| state.discard(live, later)),
            Condition::Dirty => {
                let guard = Guard::new(Arc::clone(self), live);
                self.runtime.spawn(reset(guard));
            }
        }
    }

    /// A panic in a drop would abort the process if it met another: it condemns the connection instead.
    fn condition(&self, connection: &M::Connection) -> Condition {
        catch_unwind(AssertUnwindSafe(|| self.manager.condition(connection))).unwrap_or(Condition::Broken)
    }

    pub(crate) fn status(&self) -> Status {
        self.status_and_fault().0
    }

    fn status_and_fault(&self) -> (Status, Option<Arc<Fault<M::Error>>>) {
        let now = Instant::now();
        let (mut status, fault) = self.read(|state| state.status(Arc::clone(&self.name), now));
        status.last_connect_error = fault.as_ref().map(ToString::to_string);
        (status, fault)
    }

    pub(crate) fn timeout(&self, since: Instant) -> GetError<M::Error> {
        let (status, source) = self.status_and_fault();
        GetError::Timeout { waited: since.elapsed(), status: Box::new(status), source }
    }

    pub(crate) fn closed(&self) -> GetError<M::Error> {
        GetError::Closed { pool: Arc::clone(&self.name) }
    }
}

/// Checks a connection in a task of its own; if the caller is gone by then, the guard goes back to the pool.
pub(crate) fn check<M: Manager>(mut guard: Guard<M>) -> impl Future<Output = Option<Guard<M>>> + Send {
    // Until the check has said otherwise: a panic and the end of the runtime, even before the first poll, close the connection.
    guard.broken();
    async move {
        let inner = Arc::clone(guard.inner());
        let idle_since = guard.idle_since();
        let call = async { inner.manager.check(&mut guard).await };
        match attempt(inner.config.check_timeout, call).await {
            Ok(()) => {
                guard.mend();
                Some(guard)
            }
            Err(fault) => {
                drop(guard);
                if !matches!(&fault, Fault::Failed(error) if !inner.manager.is_fatal(error)) {
                    inner.transition(|state, later| state.evict_idle_since(idle_since, later));
                }
                None
            }
        }
    }
}

/// Cleans a connection in a task of its own and gives it back, or closes it.
fn reset<M: Manager>(mut guard: Guard<M>) -> impl Future<Output = ()> + Send {
    // As above; here it also keeps a runtime that is shutting down from being handed the same reset over and over.
    guard.broken();
    async move {
        let inner = Arc::clone(guard.inner());
        let call = async { inner.manager.reset(&mut guard).await };
        if attempt(inner.config.reset_timeout, call).await.is_ok() {
            guard.give_back();
        }
    }
}
