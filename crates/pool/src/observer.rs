use std::sync::Arc;
use std::time::Duration;

/// Sees how long each phase of a pool's work took; what a monitor is built on.
///
/// Chosen at compile time: with `()`, the default, nothing is measured and no clock is read for it. Every method is called under no lock,
/// in the task of whoever ended the phase, so it should be short; a panic is contained. Wait, connect, validation and hold are kept
/// apart, since each has a cause and a remedy of its own.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use std::time::Duration;
/// use mainstay_pool::{Observer, Pool, PoolConfig};
/// # use mainstay_pool::Manager;
/// # struct Numbers;
/// # impl Manager for Numbers {
/// #     type Connection = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn connect(&self) -> Result<u32, Self::Error> { Ok(7) }
/// #     async fn check(&self, _: &mut u32) -> Result<(), Self::Error> { Ok(()) }
/// # }
///
/// #[derive(Default)]
/// struct Returns(AtomicU64);
///
/// impl Observer for Returns {
///     fn held(&self, _: Duration) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let returns = Arc::new(Returns::default());
/// let pool = Pool::builder("numbers", Numbers, PoolConfig::testing()).observer(Arc::clone(&returns)).build()?;
/// drop(pool.get().await?);
/// assert_eq!(returns.0.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Whether there is anything to observe: `false` spares the pool the clock.
    const ENABLED: bool = true;

    /// A call to `get` has ended after `time`, checks and hooks included; zero if a connection lay ready.
    fn waited(&self, time: Duration, end: WaitEnd) {
        let _ = (time, end);
    }

    /// A connect, with its [`after_connect`](crate::PoolBuilder::after_connect) hook, has ended.
    fn connected(&self, time: Duration, succeeded: bool) {
        let _ = (time, succeeded);
    }

    /// The server has refused a connect for having too many connections; told besides [`connected`](Self::connected).
    fn refused_as_too_many(&self) {}

    /// A check has ended, for a caller or as a keepalive.
    fn validated(&self, time: Duration, succeeded: bool) {
        let _ = (time, succeeded);
    }

    /// A caller has let go of a connection.
    fn held(&self, time: Duration) {
        let _ = time;
    }

    /// A connection has left the pool.
    fn closed(&self, reason: CloseReason) {
        let _ = reason;
    }
}

/// Sees nothing and costs nothing.
impl Observer for () {
    const ENABLED: bool = false;
}

impl<O: Observer> Observer for Arc<O> {
    const ENABLED: bool = O::ENABLED;

    fn waited(&self, time: Duration, end: WaitEnd) {
        (**self).waited(time, end);
    }

    fn connected(&self, time: Duration, succeeded: bool) {
        (**self).connected(time, succeeded);
    }

    fn refused_as_too_many(&self) {
        (**self).refused_as_too_many();
    }

    fn validated(&self, time: Duration, succeeded: bool) {
        (**self).validated(time, succeeded);
    }

    fn held(&self, time: Duration) {
        (**self).held(time);
    }

    fn closed(&self, reason: CloseReason) {
        (**self).closed(reason);
    }
}

/// Tells both, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const ENABLED: bool = A::ENABLED || B::ENABLED;

    fn waited(&self, time: Duration, end: WaitEnd) {
        self.0.waited(time, end);
        self.1.waited(time, end);
    }

    fn connected(&self, time: Duration, succeeded: bool) {
        self.0.connected(time, succeeded);
        self.1.connected(time, succeeded);
    }

    fn refused_as_too_many(&self) {
        self.0.refused_as_too_many();
        self.1.refused_as_too_many();
    }

    fn validated(&self, time: Duration, succeeded: bool) {
        self.0.validated(time, succeeded);
        self.1.validated(time, succeeded);
    }

    fn held(&self, time: Duration) {
        self.0.held(time);
        self.1.held(time);
    }

    fn closed(&self, reason: CloseReason) {
        self.0.closed(reason);
        self.1.closed(reason);
    }
}

/// How a call to `get` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitEnd {
    /// With a connection.
    Served,
    /// Without one in time.
    TimedOut,
    /// The caller dropped the future.
    Cancelled,
    /// The pool was closed, or turned the caller away during an outage.
    Refused,
}

/// Why a connection left the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// It lay idle for too long and was not needed for the minimum.
    Idle,
    /// It was too old.
    Lifetime,
    /// Its holder, its manager, a reset or a hook found it of no more use.
    Broken,
    /// A check found it dead.
    Dead,
    /// It had lain idle for as long as one that was found dead.
    Suspect,
    /// There were more than the maximum.
    Surplus,
    /// [`Pool::evict_all`](crate::Pool::evict_all) or [`Pool::retain`](crate::Pool::retain) removed it.
    Evicted,
    /// The pool was closed.
    Closed,
}

impl CloseReason {
    /// Its name in telemetry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Broken => "broken",
            Self::Dead => "dead",
            Self::Suspect => "suspect",
            Self::Surplus => "surplus",
            Self::Evicted => "evicted",
            Self::Closed => "closed",
        }
    }
}
