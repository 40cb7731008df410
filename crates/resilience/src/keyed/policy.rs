use super::{Forgettable, Insertion, KeyedConfig, KeyedError, KeyedSnapshot, Table};
use crate::{Attempt, Call, ConfigError, Error, Operation, Policy, live::Live};
use std::{
    borrow::Borrow,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// One policy or pipeline a key: a host, a tenant, an endpoint.
///
/// A key's policy is made when it is first asked for. Memory is bounded without a timer: where room is needed, a key goes
/// that nobody asked for of late, whose policy nobody holds and is [`Forgettable`]. An open breaker or a bulkhead with
/// somebody in it is not, unless nobody asked for it [for long](KeyedConfig::forget_after); a policy handed out never is.
/// If nothing can be forgotten, a new key is refused, or shares
/// the [`overflow`](Self::overflow) policy; the keys there are never pay for it.
///
/// ```
/// # use mainstay_resilience::{BreakerConfig, CircuitBreaker, PolicyExt, Timeout, keyed::{Keyed, KeyedConfig}};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let hosts = Keyed::new("hosts", KeyedConfig::default().max_keys(1_000), |host: &String| {
///     Ok((
///         CircuitBreaker::new(host.as_str(), BreakerConfig::default())?,
///         Timeout::new(host.as_str(), Duration::from_secs(2))?,
///     ))
/// })
/// .unwrap();
/// let answer = hosts.call("valuer.example", || async { Ok::<_, std::io::Error>(850_000) }).await;
/// assert_eq!(answer.unwrap(), 850_000);
/// let one_host = hosts.get("valuer.example").unwrap(); // to hold in a pipeline
/// assert!(one_host.call(|| async { Ok::<_, std::io::Error>(1) }).await.is_ok());
/// # }
/// ```
pub struct Keyed<K, P> {
    name: Arc<str>,
    table: Table<K, Arc<P>>,
    config: Live<KeyedConfig>,
    make: Make<K, P>,
    overflow: Option<Arc<P>>,
    /// Raised by [`apply`](Keyed::apply), so that a policy made meanwhile from what was true before is made again.
    generation: AtomicU64,
    refused: AtomicU64,
}

type Make<K, P> = Box<dyn Fn(&K) -> Result<P, ConfigError> + Send + Sync>;

impl<K: Hash + Eq, P: Forgettable> Keyed<K, P> {
    /// An empty set of keys named `name`, whose policies `make` makes.
    ///
    /// `make` is called under no lock; where two callers ask for a new key at once it may be called by both, and one
    /// result is kept.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(
        name: impl Into<Arc<str>>,
        config: KeyedConfig,
        make: impl Fn(&K) -> Result<P, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        Ok(Self {
            name,
            table: Table::new(config.max_keys),
            config: Live::new(config),
            make: Box::new(make),
            overflow: None,
            generation: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// Lets new keys that find no room share `policy`, instead of refusing them.
    #[must_use]
    pub fn overflow(mut self, policy: P) -> Self {
        self.overflow = Some(Arc::new(policy));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The policy of `key`, made if there is none yet. A policy that is held is not forgotten.
    ///
    /// A known key is found without an allocation.
    ///
    /// # Errors
    /// [`KeyedError::Misconfigured`] where the policy cannot be made, [`KeyedError::Full`] where there is no room for a
    /// new key and no [`overflow`](Self::overflow).
    pub fn get<Q>(&self, key: &Q) -> Result<Arc<P>, KeyedError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.table.get(key, Arc::clone) {
            Some(policy) => Ok(policy),
            None => self.get_new(key),
        }
    }

    #[cold]
    fn get_new<Q>(&self, key: &Q) -> Result<Arc<P>, KeyedError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let key = key.to_owned();
            let policy = Arc::new((self.make)(&key).map_err(KeyedError::Misconfigured)?);
            let is_current = || self.generation.load(Ordering::Acquire) == generation;
            match self.table.insert(key, policy, is_current, self.can_forget(), Arc::clone) {
                Insertion::There(policy) => return Ok(policy),
                Insertion::Outdated => {}
                Insertion::Full => break,
            }
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        let full = || KeyedError::Full { policy: self.name.clone(), max_keys: self.table.max() };
        self.overflow.clone().ok_or_else(full)
    }

    /// Handles are cloned under the lock under which the answer is asked, so a policy that nobody else holds stays so.
    fn can_forget(&self) -> impl Fn(&Arc<P>, Duration) -> bool + use<K, P> {
        let forget_after = self.config.read().forget_after;
        move |policy, idle| {
            Arc::strong_count(policy) == 1 && (idle >= forget_after || policy.is_forgettable())
        }
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<KeyedConfig> {
        self.config.get()
    }

    /// Runs `operation` under the policy of `key`; nothing happens before the first poll.
    ///
    /// # Errors
    /// As the policy's own `call`; [`Error::Misconfigured`] and [`Error::Shed`] where the key has no policy
    /// (see [`get`](Self::get)).
    ///
    /// # Cancel safety
    /// As the policy's own `call`.
    pub async fn call<Q, F, Fut, T, E>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'p, 'f> &'p P: Policy<Call<'f, F>>,
        for<'f> Call<'f, F>: Operation<Value = T, Error = E>,
    {
        let policy = self.get(key)?;
        policy.run(Call::new(&operation), Attempt::first()).await
    }

    /// Shows every policy to `change`, for example to reconfigure it, and answers the keys that failed with why.
    ///
    /// Policies made later are what the closure given to [`new`](Self::new) makes of them: let it read the same source,
    /// and change the source first. No key escapes then, also none that is being made meanwhile. `change` is called under
    /// no lock.
    pub fn apply<E>(&self, change: impl Fn(&K, &P) -> Result<(), E>) -> Vec<(K, E)>
    where
        K: Clone,
    {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let all = self.entries().into_iter();
        all.filter_map(|(key, policy)| change(&key, &policy).err().map(|error| (key, error))).collect()
    }

    /// Every key with its policy at this moment, in no order. While held they are not forgotten.
    pub fn entries(&self) -> Vec<(K, Arc<P>)>
    where
        K: Clone,
    {
        self.table.collect(|key, policy| (key.clone(), policy.clone()))
    }

    /// Forgets now what can be forgotten and was not asked for since the last time; answers how many.
    ///
    /// Nothing need ever call it: memory is bounded anyway.
    pub fn forget_idle(&self) -> usize {
        self.table.forget_idle(self.can_forget())
    }

    /// Remembers as many keys as `config` says from now on. Keys above a lower bound leave as room is needed and they
    /// become forgettable.
    ///
    /// # Errors
    /// A field of `config` out of its range; nothing changes then.
    pub fn reconfigure(&self, config: KeyedConfig) -> Result<(), ConfigError> {
        config.validate(&self.name)?;
        self.table.set_max(config.max_keys);
        self.config.set(config);
        Ok(())
    }

    /// Its counts at this moment.
    pub fn snapshot(&self) -> KeyedSnapshot {
        KeyedSnapshot {
            keys: self.table.len(),
            max_keys: self.table.max(),
            forgotten: self.table.forgotten(),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl<K: Hash + Eq, P> std::fmt::Debug for Keyed<K, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyed").field("name", &self.name).field("table", &self.table).finish_non_exhaustive()
    }
}
