use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::inner::Inner;
use super::node::Node;
use super::nodes::Nodes;
use super::probe;
use super::role::Replicated;
use super::route;
use super::routed::Routed;
use super::status::ReplicaSetStatus;
use crate::config::ReplicaSetConfig;
use crate::error::{ConfigError, GetError};
use crate::hooks::HookFuture;
use crate::observer::Observer;
use crate::pool::Pool;

/// A primary and its replicas as one pool; a cheap handle, cloned to share.
///
/// Nobody says which node is the primary: each is asked in the background, again and again, so that a promoted replica gets the writes
/// without a restart. Writers who wait for the old primary meanwhile go over to the new one. Reads go to the least busy replica that is not
/// too far behind and does not fail.
///
/// ```
/// # use mainstay_pool::{Manager, Pool, PoolConfig, Replicated, ReplicaSet, ReplicaSetConfig, Role};
/// # struct Server { role: Role }
/// # impl Manager for Server {
/// #     type Connection = ();
/// #     type Error = std::convert::Infallible;
/// #     async fn connect(&self) -> Result<(), Self::Error> { Ok(()) }
/// #     async fn check(&self, _: &mut ()) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # impl Replicated for Server {
/// #     async fn role(&self, _: &mut ()) -> Result<Role, Self::Error> { Ok(self.role) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sydney = Server { role: Role::Primary { term: 1 } };
/// # let perth = Server { role: Role::Replica { lag: Some(std::time::Duration::ZERO) } };
/// let set = ReplicaSet::new(
///     "listings",
///     [
///         Pool::new("sydney", sydney, PoolConfig::production())?,
///         Pool::new("perth", perth, PoolConfig::production())?,
///     ],
///     ReplicaSetConfig::default(),
/// )?;
/// assert_eq!(&**set.write().await?.node(), "sydney");
/// assert_eq!(&**set.read().await?.node(), "perth");
/// println!("{}", set.status());
/// # Ok(())
/// # }
/// ```
pub struct ReplicaSet<M: Replicated, O: Observer = ()> {
    inner: Arc<Inner<M, O>>,
}

impl<M: Replicated, O: Observer> ReplicaSet<M, O> {
    /// Makes a set of pools, each of one server and under a name of its own, and begins to ask them for their roles.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if fields of `config` are out of range, if two pools have the same name, or if there is no tokio runtime here.
    pub fn new(
        name: impl Into<Arc<str>>,
        pools: impl IntoIterator<Item = Pool<M, O>>,
        config: ReplicaSetConfig,
    ) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate()?;
        let runtime =
            Handle::try_current().map_err(|_| ConfigError::NoRuntime { pool: name.as_ref().to_owned() })?;
        let set = Self { inner: Arc::new(Inner::new(name, Nodes::new(config), runtime)) };
        pools.into_iter().try_for_each(|pool| set.add(pool))?;
        Ok(set)
    }

    /// Takes a connection of the primary; while none is known, waits for one to be promoted.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`], and [`GetError::NoPrimary`] after [`failover_timeout`](ReplicaSetConfig::failover_timeout).
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = Result<Routed<M, O>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        route::write(&self.inner, by, None)
    }

    /// As [`ReplicaSet::write`], with a preparation as in [`Pool::get_prepared`].
    ///
    /// # Errors
    ///
    /// As [`ReplicaSet::write`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get_prepared`].
    #[track_caller]
    pub fn write_prepared(
        &self,
        prepare: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Routed<M, O>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        route::write(&self.inner, by, Some(Arc::new(prepare)))
    }

    /// Takes a connection of the least busy node that is fit for reads; turns to the next one if that has none within
    /// [`patience`](ReplicaSetConfig::patience), and to the primary in the end if the configuration lets it.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`] of the last node it turned to, and [`GetError::NoReplica`] if there was none within
    /// [`failover_timeout`](ReplicaSetConfig::failover_timeout).
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = Result<Routed<M, O>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        let max_lag = self.config().max_lag;
        route::read(&self.inner, by, max_lag, None)
    }

    /// As [`ReplicaSet::read`], with a limit of this call's own to how far behind the replica may be.
    ///
    /// # Errors
    ///
    /// As [`ReplicaSet::read`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn read_within(
        &self,
        max_lag: Duration,
    ) -> impl Future<Output = Result<Routed<M, O>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        route::read(&self.inner, by, Some(max_lag), None)
    }

    /// As [`ReplicaSet::read`], with a preparation as in [`Pool::get_prepared`].
    ///
    /// # Errors
    ///
    /// As [`ReplicaSet::read`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get_prepared`].
    #[track_caller]
    pub fn read_prepared(
        &self,
        prepare: impl for<'a> Fn(&'a mut M::Connection) -> HookFuture<'a, M::Error> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Routed<M, O>, GetError<M::Error>>> + Send {
        let by = Location::caller();
        let max_lag = self.config().max_lag;
        route::read(&self.inner, by, max_lag, Some(Arc::new(prepare)))
    }

    /// Adds a node, which gets calls once it has said what it is.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NodeTaken`] if there is a node of that name.
    pub fn add(&self, pool: Pool<M, O>) -> Result<(), ConfigError> {
        self.inner.with(|nodes| {
            if nodes.list.iter().any(|node| *node.name() == pool.inner().name) {
                return Err(ConfigError::NodeTaken {
                    set: self.inner.name.as_ref().to_owned(),
                    node: pool.inner().name.as_ref().to_owned(),
                });
            }
            let mut node = Node::new(nodes.next_id(), pool.clone());
            let probe = probe::run(Arc::downgrade(&self.inner), node.id, pool, Arc::clone(&node.wake));
            node.probe = Some(self.inner.runtime.spawn(probe).abort_handle());
            nodes.list.push(node);
            Ok(())
        })
    }

    /// Takes a node out and hands its pool over, open as it is: calls under way go on, no new ones come.
    pub fn remove(&self, name: &str) -> Option<Pool<M, O>> {
        let node = self.inner.with(|nodes| {
            let at = nodes.list.iter().position(|node| &**node.name() == name)?;
            Some(nodes.list.remove(at))
        })?;
        self.inner.elect();
        Some(node.pool.clone())
    }

    /// The set at this moment; as text it explains who gets what, and why not.
    #[must_use]
    pub fn status(&self) -> ReplicaSetStatus {
        self.inner.status()
    }

    /// The configuration as it stands.
    #[must_use]
    pub fn config(&self) -> Arc<ReplicaSetConfig> {
        self.inner.with(|nodes| Arc::clone(&nodes.config))
    }

    /// Puts another configuration in force for the calls and probes to come; what is known of the nodes stays.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range; then nothing changes.
    pub fn reconfigure(&self, config: ReplicaSetConfig) -> Result<(), ConfigError> {
        config.validate()?;
        self.inner.with(|nodes| nodes.config = Arc::new(config));
        self.inner.changed.notify_waiters();
        self.inner.ask_all();
        Ok(())
    }

    /// Closes the set and its pools, and waits until every connection has come back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops the waiting; the set is closed from the first poll on, its pools one after the other.
    pub async fn close(&self) {
        let nodes = self.inner.with(|nodes| {
            nodes.closed = true;
            nodes.primary = None;
            std::mem::take(&mut nodes.list)
        });
        self.inner.changed.notify_waiters();
        for node in nodes {
            node.pool.close().await;
        }
    }
}

// By hand: a derive would ask for `M: Clone`.
impl<M: Replicated, O: Observer> Clone for ReplicaSet<M, O> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<M: Replicated, O: Observer> fmt::Debug for ReplicaSet<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplicaSet").field(&self.status()).finish()
    }
}
