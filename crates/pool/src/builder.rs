use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::config::PoolConfig;
use crate::error::ConfigError;
use crate::hooks::{HookFuture, Hooks};
use crate::inner::{Inner, OnLeak};
use crate::leak::Leak;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::pool::Pool;
use crate::reaper;

/// A pool to be made with hooks, a callback or an observer; [`Pool::builder`] begins one.
///
/// Every hook runs in a task of its own under [`hook_timeout`](PoolConfig::hook_timeout): never in a caller's future, never under the
/// pool's lock. One that fails, hangs or panics has its connection closed, as a failed check does.
///
/// Session variables for row-level security belong into [`Pool::get_prepared`], which knows for whom, and their end into
/// [`after_release`](Self::after_release):
///
/// ```
/// # use mainstay_pool::{Manager, Pool, PoolConfig};
/// # struct Sessions;
/// # #[derive(Default)]
/// # struct Session { tenant: Option<u32> }
/// # impl Manager for Sessions {
/// #     type Connection = Session;
/// #     type Error = std::convert::Infallible;
/// #     async fn connect(&self) -> Result<Session, Self::Error> { Ok(Session::default()) }
/// #     async fn check(&self, _: &mut Session) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::builder("sessions", Sessions, PoolConfig::testing())
///     .after_release(|session| {
///         Box::pin(async move {
///             session.tenant = None; // RESET ALL
///             Ok(())
///         })
///     })
///     .build()?;
/// let session = pool
///     .get_prepared(|session| {
///         Box::pin(async move {
///             session.tenant = Some(7); // SELECT set_config('app.tenant', '7', false)
///             Ok(())
///         })
///     })
///     .await?;
/// assert_eq!(session.tenant, Some(7));
/// # Ok(())
/// # }
/// ```
pub struct PoolBuilder<M: Manager, O: Observer = ()> {
    name: Arc<str>,
    manager: M,
    config: PoolConfig,
    hooks: Hooks<M>,
    observer: O,
    on_leak: Option<OnLeak>,
}

impl<M: Manager> PoolBuilder<M> {
    pub(crate) fn new(name: Arc<str>, manager: M, config: PoolConfig) -> Self {
        Self { name, manager, config, hooks: Hooks::default(), observer: (), on_leak: None }
    }
}

impl<M: Manager, O: Observer> PoolBuilder<M, O> {
    /// Runs on every new connection before anybody gets it; a failure is a failed connect.
    #[must_use]
    pub fn after_connect(
        mut self,
        hook: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.after_connect = Some(Arc::new(hook));
        self
    }

    /// Runs on every connection before a caller gets it, after the check if that is due; the caller waits for it. With it,
    /// [`Pool::try_get`] hands out nothing.
    #[must_use]
    pub fn before_acquire(
        mut self,
        hook: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before_acquire = Some(Arc::new(hook));
        self
    }

    /// Runs on every connection that comes back and is not broken, after the manager's reset and before anybody else gets it.
    #[must_use]
    pub fn after_release(
        mut self,
        hook: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.after_release = Some(Arc::new(hook));
        self
    }

    /// Runs on every connection that the pool closes, which it does however the hook ends; until then the connection counts as in use. Without
    /// it go the connections that lie idle when the last handle of the pool is dropped: [`Pool::close`] first.
    #[must_use]
    pub fn before_close(
        mut self,
        hook: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before_close = Some(Arc::new(hook));
        self
    }

    /// Is told of every checkout that has lasted for [`leak_after`](PoolConfig::leak_after), once; in a background task, under no lock.
    #[must_use]
    pub fn on_leak(mut self, tell: impl Fn(&Leak) + Send + Sync + 'static) -> Self {
        self.on_leak = Some(Box::new(tell));
        self
    }

    /// Has `observer` told how long everything takes.
    #[must_use]
    pub fn observer<P: Observer>(self, observer: P) -> PoolBuilder<M, P> {
        let Self { name, manager, config, hooks, on_leak, .. } = self;
        PoolBuilder { name, manager, config, hooks, observer, on_leak }
    }

    /// Makes the pool and begins to connect its minimum in the background; [`Pool::warm`] waits for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if fields of the configuration are out of range, or if there is no tokio runtime here for the pool's tasks.
    pub fn build(self) -> Result<Pool<M, O>, ConfigError> {
        let Self { name, manager, config, hooks, observer, on_leak } = self;
        config.validate()?;
        let runtime =
            Handle::try_current().map_err(|_| ConfigError::NoRuntime { pool: name.as_ref().to_owned() })?;
        let inner = Arc::new(Inner::new(name, manager, config, hooks, observer, on_leak, runtime));
        inner.runtime.spawn(reaper::run(Arc::downgrade(&inner)));
        Ok(Pool::from_inner(inner))
    }
}

// By hand: a derive would ask for `M: Debug`.
impl<M: Manager, O: Observer> fmt::Debug for PoolBuilder<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}
