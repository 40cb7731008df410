use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::acquire::acquire;
use crate::config::{PoolConfig, count};
use crate::error::{ConfigError, GetError};
use crate::guard::Guard;
use crate::inner::{Inner, Phase};
use crate::manager::Manager;
use crate::reaper;
use crate::state::{State, Taken};
use crate::status::Status;

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
pub struct Pool<M: Manager> {
    inner: Arc<Inner<M>>,
}

impl<M: Manager> Pool<M> {
    /// Makes a pool and begins to connect its minimum in the background; [`Pool::warm`] waits for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a field of `config` is out of range, or if there is no tokio runtime here for the pool's tasks.
    pub fn new(name: impl Into<Arc<str>>, manager: M, config: PoolConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let name = name.into();
        let runtime =
            Handle::try_current().map_err(|_| ConfigError::NoRuntime { pool: name.as_ref().to_owned() })?;
        let period = reaper::period(&config);
        let inner = Arc::new(Inner::new(name, manager, config, runtime));
        inner.runtime.spawn(reaper::run(Arc::downgrade(&inner), period));
        Ok(Self { inner })
    }

    /// Hands out a connection, in order of arrival if there is none idle; waits 5 s at most by default.
    ///
    /// # Errors
    ///
    /// [`GetError::Timeout`] with the pool's status at that moment, or [`GetError::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place in line up. A connection already handed over goes to the next in line, and one under
    /// check goes back to the pool if it passes.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<Guard<M>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        async move { acquire(&self.inner, by).await }
    }

    /// Hands out a connection if one is idle, unchecked however long it was; never waits and never starts a connect.
    #[track_caller]
    #[must_use]
    pub fn try_get(&self) -> Option<Guard<M>> {
        let (now, by) = (Instant::now(), Location::caller());
        let Taken { live, .. } = self.inner.transition(|state, later| state.take(now, by, later))?;
        Some(Guard::new(Arc::clone(&self.inner), live))
    }

    /// The pool's counts at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// Changes the most connections there may be; those above it close at once if idle, else as they return.
    ///
    /// # Errors
    ///
    /// [`ConfigError::OutOfRange`] if `max` is not within 1 to 10 000.
    pub fn resize(&self, max: usize) -> Result<(), ConfigError> {
        count("max", max, 1, 10_000)?;
        self.inner.transition(|state, later| state.resize(max, later));
        Ok(())
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
        loop {
            let grown = self.inner.grown.notified();
            // Opens a transition only to let it settle: that starts the connects which are missing.
            let (warm, closed) = self.inner.transition(|state, _| (state.is_warm(), state.is_closed()));
            if closed {
                return Err(self.inner.closed());
            }
            if warm {
                return Ok(());
            }
            timeout_at(since + self.inner.config.acquire_timeout, grown)
                .await
                .map_err(|_| self.inner.timeout(since))?;
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
}

// By hand: a derive would ask for `M: Clone`.
impl<M: Manager> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<M: Manager> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.status()).finish()
    }
}
