use std::backtrace::Backtrace;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::acquire::{Begun, at_once, in_time, without_waiting};
use crate::builder::PoolBuilder;
use crate::checkouts::Caller;
use crate::config::PoolConfig;
use crate::error::{ConfigError, GetError};
use crate::guard::Guard;
use crate::hooks::HookFuture;
use crate::inner::{Inner, Phase};
use crate::lane::Lane;
use crate::lanes::{LaneId, UNNAMED};
use crate::manager::Manager;
use crate::observer::{CloseReason, Observer};
use crate::state::{Refusal, State};
use crate::status::Status;
use crate::tended::Tended;

/// A fair pool of connections; a cheap handle, cloned to share.
///
/// A connection that comes back is handed to whoever has waited longest, and callers never connect themselves: connects run in the
/// background, as many as there is demand for.
///
/// ```
/// # use mainstay_pool::{Manager, Pool, PoolConfig};
/// # struct Numbers;
/// # impl Manager for Numbers {
/// #     type Connection = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn connect(&self) -> Result<u32, Self::Error> { Ok(7) }
/// #     async fn check(&self, _: &mut u32) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::new("numbers", Numbers, PoolConfig::development())?;
/// let number = pool.get().await?;
/// assert_eq!((*number, pool.status().in_use), (7, 1));
/// drop(number);
/// pool.close().await;
/// assert!(pool.get().await.unwrap_err().is_closed());
/// # Ok(())
/// # }
/// ```
pub struct Pool<M: Manager, O: Observer = ()> {
    inner: Arc<Inner<M, O>>,
}

impl<M: Manager> Pool<M> {
    /// Makes a pool and begins to connect its minimum in the background; [`Pool::warm`] waits for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if fields of `config` are out of range, or if there is no tokio runtime here for the pool's tasks.
    pub fn new(name: impl Into<Arc<str>>, manager: M, config: PoolConfig) -> Result<Self, ConfigError> {
        Self::builder(name, manager, config).build()
    }

    /// Begins a pool with hooks, a leak callback or an observer.
    pub fn builder(name: impl Into<Arc<str>>, manager: M, config: PoolConfig) -> PoolBuilder<M> {
        PoolBuilder::new(name.into(), manager, config)
    }
}

impl<M: Manager, O: Observer> Pool<M, O> {
    pub(crate) fn from_inner(inner: Arc<Inner<M, O>>) -> Self {
        Self { inner }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner<M, O>> {
        &self.inner
    }

    /// Hands out a connection, in order of arrival if there is none idle; waits 5 s at most by default.
    ///
    /// # Errors
    ///
    /// [`GetError::Timeout`] with the pool's status at that moment, [`GetError::Closed`], or [`GetError::Unavailable`] where
    /// [`fail_fast_after`](PoolConfig::fail_fast_after) is set.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place in line up. A connection already handed over goes to the next in line, and one under
    /// check or hook goes back to the pool if it passes.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<Guard<M, O>, GetError<M::Error>>> + Send {
        let caller = self.caller(UNNAMED, Location::caller());
        async move {
            match at_once(&self.inner, &caller) {
                Ok(guard) => Ok(guard),
                Err(begun) => in_time(&self.inner, caller, None, begun).await,
            }
        }
    }

    /// As [`Pool::get`], and has `prepare` run on the connection as the last hook before the caller gets it: for what belongs to this one
    /// checkout, such as a tenant's session variables. If it fails, the connection is closed and it runs on another.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`]; a `prepare` under way goes on, and its connection goes through `after_release` into the pool.
    #[track_caller]
    pub fn get_prepared(
        &self,
        prepare: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Guard<M, O>, GetError<M::Error>>> + Send {
        let caller = self.caller(UNNAMED, Location::caller());
        async move {
            let begun = Begun::afresh();
            in_time(&self.inner, caller, Some(Arc::new(prepare)), begun).await
        }
    }

    /// Hands out a connection if one is idle, unchecked however long it was; never waits and never starts a connect. `None` also where
    /// a `before_acquire` hook would have to run.
    #[track_caller]
    #[must_use]
    pub fn try_get(&self) -> Option<Guard<M, O>> {
        without_waiting(&self.inner, &self.caller(UNNAMED, Location::caller()))
    }

    /// The pool as the purpose `name` of its configuration sees it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownLane`] with the names there are.
    pub fn lane(&self, name: &str) -> Result<Lane<M, O>, ConfigError> {
        self.inner
            .read(|state| {
                state.lanes().find(name).ok_or_else(|| {
                    state.lanes().named().map(|(_, share)| share.name.to_string()).collect::<Vec<_>>()
                })
            })
            .map(|id| Lane::new(self.clone(), id))
            .map_err(|known| ConfigError::UnknownLane {
                pool: self.inner.name.as_ref().to_owned(),
                lane: name.to_owned(),
                known: known.join(", "),
            })
    }

    /// The pool's counts at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// The configuration as it stands.
    #[must_use]
    pub fn config(&self) -> Arc<PoolConfig> {
        self.inner.config()
    }

    /// Changes the most connections there may be; those above it close at once if idle, else as they return.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if `max` is not within 1 to 10 000 and above what the lanes are guaranteed.
    pub fn resize(&self, max: usize) -> Result<(), ConfigError> {
        self.inner.transition(|state, later| state.resize(max, later))
    }

    /// Puts another configuration in force; connections, callers in line and counts stay. Timeouts hold from the next call on, a lifetime
    /// for a connection that is out from its return on; the seed stays what it was.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range; then nothing changes.
    pub fn reconfigure(&self, config: PoolConfig) -> Result<(), ConfigError> {
        config.validate()?;
        self.inner.reconfigure(config);
        Ok(())
    }

    /// Hands out and connects nothing more until [`Pool::resume`]; who asks meanwhile waits, for no longer than ever. For a failover or
    /// maintenance of the server.
    pub fn suspend(&self) {
        self.inner.transition(|state, _| state.suspend());
    }

    /// Ends a [`Pool::suspend`]: who waits is served in order.
    pub fn resume(&self) {
        self.inner.transition(|state, _| state.resume());
    }

    /// Closes the idle connections that `keep` refuses and says how many; it gets each with its age. Those that are out are not asked.
    ///
    /// `keep` runs under no lock: callers who ask meanwhile wait for the connections it looks at. A connection over which it panics is
    /// closed.
    pub fn retain(&self, mut keep: impl FnMut(&mut M::Connection, Duration) -> bool) -> usize {
        let now = Instant::now();
        let idle = self.inner.transition(|state, _| state.take_all_idle());
        // All of them, so that none is lost if `keep` panics at the first.
        let idle: Vec<_> =
            idle.into_iter().map(|live| Tended::new(&self.inner, live, CloseReason::Evicted)).collect();
        let mut removed = 0;
        for mut tended in idle {
            let live = tended.live();
            let age = now.saturating_duration_since(live.lifespan.born_at());
            match catch_unwind(AssertUnwindSafe(|| keep(&mut live.connection, age))) {
                Ok(true) => tended.give_back(),
                Ok(false) | Err(_) => {
                    drop(tended);
                    removed += 1;
                }
            }
        }
        removed
    }

    /// Closes every connection there is: the idle ones at once, those in use as they return, those under way as they arrive. New ones
    /// take their places as they are needed. For a failover, after which the old ones lead to the wrong server.
    pub fn evict_all(&self) {
        self.inner.transition(State::evict_all);
    }

    /// Waits until the pool holds its minimum, for as long as `get` would wait.
    ///
    /// # Errors
    ///
    /// [`GetError::Timeout`] with the last connect error, or [`GetError::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops the waiting; the connects go on.
    pub async fn warm(&self) -> Result<(), GetError<M::Error>> {
        let since = Instant::now();
        let deadline = since + self.inner.acquire_timeout();
        loop {
            let grown = self.inner.grown.notified();
            // Opens a transition only to let it settle: that starts the connects which are missing.
            let (warm, closed) = self.inner.transition(|state, _| (state.is_warm(), state.is_closed()));
            if closed {
                return Err(self.inner.refused(Refusal::Closed));
            }
            if warm {
                return Ok(());
            }
            timeout_at(deadline, grown).await.map_err(|_| self.inner.timeout(since.elapsed()))?;
        }
    }

    /// Closes the pool and waits until every connection has come back: whoever waits and whoever asks from now on gets
    /// [`GetError::Closed`], idle connections and connects under way are dropped, and those in use close as they return.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops the waiting; the pool is closed from the first poll on.
    pub async fn close(&self) {
        let mut phase = self.inner.phase.subscribe();
        self.inner.transition(State::close);
        self.inner.advance(Phase::Closing);
        self.inner.grown.notify_waiters();
        // The sender lives in `inner`, which this handle keeps: the wait cannot fail.
        let _ = phase.wait_for(|phase| *phase == Phase::Drained).await;
    }

    #[inline]
    pub(crate) fn caller(&self, lane: LaneId, by: &'static Location<'static>) -> Caller {
        let captures = self.inner.captures_backtraces();
        Caller { by, lane, backtrace: captures.then(|| Arc::new(Backtrace::force_capture())) }
    }
}

// By hand: a derive would ask for `M: Clone`.
impl<M: Manager, O: Observer> Clone for Pool<M, O> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<M: Manager, O: Observer> fmt::Debug for Pool<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.status()).finish()
    }
}
