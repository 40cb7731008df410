use super::{KeyLimit, RateLimitConfig, meter::Meter, word::Word};
use crate::{
    Attempt, Call, ConfigError, Error, Policy,
    keyed::{Insertion, KeyedConfig, KeyedSnapshot, Table},
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::{
    borrow::Borrow,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A limit of its own for each key: a tenant, a client's address.
///
/// Memory is bounded, and no flood of keys can reset anybody's limit: a key is forgotten only when its bucket is full
/// again, and then a new one is the same. Where every key remembered has calls to answer for, new keys share *one* limit
/// of the same rate until there is room, so that a flood gains one key's worth of calls at most.
///
/// ```
/// # use mainstay_resilience::{KeyedConfig, PolicyExt, rate_limit::{KeyedRateLimit, Rate}};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let limits = KeyedRateLimit::new("tenants", Rate::per_minute(1), KeyedConfig::default()).unwrap();
/// let ask = || async { Ok::<_, std::io::Error>(()) };
/// assert!(limits.call("agency-1", ask).await.is_ok());
/// assert!(limits.call("agency-1", ask).await.is_err());
/// assert!(limits.key("agency-2").call(ask).await.is_ok()); // a policy, for a pipeline
/// # let _: &KeyedRateLimit<String> = &limits;
/// # }
/// ```
pub struct KeyedRateLimit<K, O = ()> {
    meter: Meter<O>,
    table: Table<K, Arc<Word>>,
    /// What keys share that found no room.
    overflow: Arc<Word>,
    overflowed: AtomicU64,
}

impl<K: Hash + Eq> KeyedRateLimit<K> {
    /// Limits named `name`, in their errors, all with the same `config`.
    ///
    /// # Errors
    /// A field of `config` or `keys` out of its range.
    pub fn new(
        name: impl Into<Arc<str>>,
        config: impl Into<RateLimitConfig>,
        keys: KeyedConfig,
    ) -> Result<Self, ConfigError> {
        let meter = Meter::new(PolicyId::new(PolicyKind::RateLimit, name), config.into())?;
        keys.validate(&meter.id.name)?;
        let (table, overflow) = (Table::new(keys.max_keys), Arc::default());
        Ok(Self { meter, table, overflow, overflowed: AtomicU64::new(0) })
    }
}

impl<K: Hash + Eq, O> KeyedRateLimit<K, O> {
    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, observer: P) -> KeyedRateLimit<K, P> {
        KeyedRateLimit {
            meter: self.meter.observe(observer),
            table: self.table,
            overflow: self.overflow,
            overflowed: self.overflowed,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.meter.id.name
    }

    /// The limit of `key`, a policy. While it is held it is not forgotten.
    pub fn key<Q>(&self, key: &Q) -> KeyLimit<'_, O>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let word = self.table.get(key, Arc::clone).unwrap_or_else(|| self.new_word(key.to_owned()));
        KeyLimit { meter: &self.meter, word }
    }

    #[cold]
    fn new_word(&self, key: K) -> Arc<Word> {
        let is_fresh = self.meter.is_fresh();
        // Handles are cloned under the lock under which this is asked.
        let can_forget = |word: &Arc<Word>, _idle| Arc::strong_count(word) == 1 && is_fresh(word);
        match self.table.insert(key, Arc::default(), || true, can_forget, Arc::clone) {
            Insertion::There(word) => word,
            Insertion::Full | Insertion::Outdated => {
                self.overflowed.fetch_add(1, Ordering::Relaxed);
                self.overflow.clone()
            }
        }
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<RateLimitConfig> {
        self.meter.config()
    }

    /// Works with `config` from the next call on; every key has as many calls left as it had (see
    /// [`RateLimit::reconfigure`](super::RateLimit::reconfigure)).
    ///
    /// # Errors
    /// A field of `config` out of its range; nothing changes then.
    pub fn reconfigure(&self, config: impl Into<RateLimitConfig>) -> Result<(), ConfigError> {
        self.meter.reconfigure(config.into(), |repace| {
            self.table.collect(|_, word| repace(word));
            repace(&self.overflow);
        })
    }

    /// Remembers as many keys as `keys` says from now on.
    ///
    /// # Errors
    /// A field of `keys` out of its range; nothing changes then.
    pub fn reconfigure_keys(&self, keys: KeyedConfig) -> Result<(), ConfigError> {
        keys.validate(&self.meter.id.name)?;
        self.table.set_max(keys.max_keys);
        Ok(())
    }

    /// Keys at this moment; `refused` counts the calls of those that share one limit for want of room.
    pub fn keys(&self) -> KeyedSnapshot {
        KeyedSnapshot {
            keys: self.table.len(),
            max_keys: self.table.max(),
            forgotten: self.table.forgotten(),
            refused: self.overflowed.load(Ordering::Relaxed),
        }
    }

    /// Calls turned away since it was made, over all keys.
    pub fn rejected(&self) -> u64 {
        self.meter.rejected()
    }

    /// Calls waiting for their turn now, over all keys.
    pub fn waiting(&self) -> usize {
        self.meter.waiting()
    }
}

impl<K: Hash + Eq, O: Observer> KeyedRateLimit<K, O> {
    /// Runs `operation` under the limit of `key`; nothing happens before the first poll.
    ///
    /// # Errors
    /// [`Error::Operation`] with the operation's own error, [`Error::RateLimited`] for a call that comes too early,
    /// [`Error::DeadlineExceeded`].
    ///
    /// # Cancel safety
    /// Dropping it while it waits gives its turn back.
    pub async fn call<Q, F, Fut, T, E>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let limit = self.key(key);
        (&limit).run(Call::new(&operation), Attempt::first()).await
    }
}

impl<K: Hash + Eq, O> std::fmt::Debug for KeyedRateLimit<K, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyedRateLimit")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}
