use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;

use super::FleetError;
use crate::error::ConfigError;
use crate::layers::redis::Servers;

/// A lock that one node of the fleet holds at a time, for a while. Clones are the same lock.
///
/// A lock with a life is held by two when its holder stands still for longer, or when Redis fails over; so every grant
/// carries a fencing token that grows, and what the lock guards must refuse a smaller one than it has seen (Kleppmann,
/// "How to do distributed locking", 2016).
#[derive(Clone)]
pub struct FleetLock {
    redis: Servers,
    name: Arc<str>,
    keys: [String; 2],
    ttl: Duration,
}

/// A lock held. Dropping it gives it back in the background; [`release`](Self::release) waits for that.
#[must_use = "the lock is given back when this is dropped"]
pub struct LockGuard {
    lock: FleetLock,
    holder: [u8; 8],
    fence: u64,
    held: bool,
}

/// `KEYS[2]` counts the grants. Answers the fencing token and nothing, or nothing and the milliseconds the lock is held yet.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return { redis.call('INCR', KEYS[2]), 0 } end
return { 0, math.max(redis.call('PTTL', KEYS[1]), 1) }
",
    )
});

/// `ARGV[2]` the new life, 0 to give it back. Answers whether it was still ours.
static PROLONG: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
",
    )
});

impl FleetLock {
    pub(crate) fn new(redis: Servers, name: &str, ttl: Duration) -> Result<Self, ConfigError> {
        if !(Duration::from_millis(10)..=Duration::from_secs(86_400)).contains(&ttl) {
            return Err(ConfigError::new("ttl", format!("{ttl:?}"), "10 ms to 24 h"));
        }
        let keys = [redis.own_key("lock", name), redis.own_key("fence", name)];
        Ok(Self { redis, name: name.into(), keys, ttl })
    }

    /// Takes the lock for its time to live, or says how long it is held yet.
    ///
    /// # Errors
    /// [`FleetError::Held`], [`FleetError::Away`].
    ///
    /// # Cancel safety
    /// Dropped early, the lock may be taken: it then ends with its time to live.
    pub async fn try_acquire(&self) -> Result<LockGuard, FleetError> {
        let holder = fastrand::u64(1..).to_be_bytes();
        let mut invocation = ACQUIRE.prepare_invoke();
        invocation.key(&self.keys[0]).key(&self.keys[1]).arg(&holder[..]).arg(self.ttl_ms());
        let (fence, left): (u64, u64) =
            self.redis.send(&self.keys[0], invocation).await.map_err(|error| self.away(&error))?;
        if fence == 0 {
            return Err(FleetError::Held { name: self.name.to_string(), left: Duration::from_millis(left) });
        }
        Ok(LockGuard { lock: self.clone(), holder, fence, held: true })
    }

    async fn prolong(&self, holder: [u8; 8], ttl_ms: u64) -> Result<bool, FleetError> {
        let mut invocation = PROLONG.prepare_invoke();
        invocation.key(&self.keys[0]).arg(&holder[..]).arg(ttl_ms);
        self.redis.send(&self.keys[0], invocation).await.map_err(|error| self.away(&error))
    }

    fn ttl_ms(&self) -> u64 {
        u64::try_from(self.ttl.as_millis()).expect("at most a day")
    }

    fn away(&self, error: &impl fmt::Display) -> FleetError {
        FleetError::Away { name: self.name.to_string(), reason: error.to_string() }
    }
}

impl LockGuard {
    /// The fencing token: it grows with every grant.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Holds it for another time to live from now.
    ///
    /// # Errors
    /// [`FleetError::Lost`] if it ended meanwhile; [`FleetError::Away`], after which it is not known.
    pub async fn prolong(&mut self) -> Result<(), FleetError> {
        if self.lock.prolong(self.holder, self.lock.ttl_ms()).await? {
            return Ok(());
        }
        self.held = false;
        Err(FleetError::Lost { name: self.lock.name.to_string() })
    }

    /// Gives it back.
    ///
    /// # Errors
    /// [`FleetError::Lost`] if it had ended before; [`FleetError::Away`], after which it ends with its time to live.
    pub async fn release(mut self) -> Result<(), FleetError> {
        self.held = false;
        if self.lock.prolong(self.holder, 0).await? {
            return Ok(());
        }
        Err(FleetError::Lost { name: self.lock.name.to_string() })
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.held
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (lock, holder) = (self.lock.clone(), self.holder);
            runtime.spawn(async move {
                // Nobody is left to be told: if it fails, the lock ends with its time to live.
                let _ = lock.prolong(holder, 0).await;
            });
        }
    }
}

impl fmt::Debug for FleetLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetLock").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("name", &self.lock.name)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}
