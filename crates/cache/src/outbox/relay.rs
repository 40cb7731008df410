use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::OutboxError;
use super::message::Message;
use crate::cache::Cache;
use crate::error::ConfigError;
use crate::invalidate::Delivery;

/// How a relay looks for rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RelayConfig {
    /// How often it looks without being nudged: how long an invalidation waits whose writer died. Default 500 ms; 10 ms to an
    /// hour.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub every: Duration,
    /// Most rows told in one go. Default 128; 1 to 10,000.
    pub batch: u32,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self { every: Duration::from_millis(500), batch: 128 }
    }
}

impl RelayConfig {
    /// Sets how often it looks without being nudged. Default 500 ms.
    #[must_use]
    pub fn every(mut self, period: Duration) -> Self {
        self.every = period;
        self
    }

    /// Sets how many rows are told in one go. Default 128.
    #[must_use]
    pub fn batch(mut self, rows: u32) -> Self {
        self.batch = rows;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(Duration::from_millis(10)..=Duration::from_secs(3_600)).contains(&self.every) {
            return Err(ConfigError::new("every", format!("{:?}", self.every), "10 ms to 1 h"));
        }
        if !(1..=10_000).contains(&self.batch) {
            return Err(ConfigError::new("batch", self.batch, "1 to 10,000"));
        }
        Ok(())
    }
}

/// The rows as the relay sees them.
pub(crate) trait Rows: Send + Sync + 'static {
    /// The name of the cache whose outbox it is.
    fn cache(&self) -> &str;

    /// Tells the cache up to so many rows and deletes those that every layer acknowledged.
    fn tell<'a>(&'a self, cache: &'a Cache, batch: u32) -> BoxFuture<'a, Result<Told, sqlx::Error>>;
}

/// What became of a batch of rows.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The rows that every layer acknowledged.
    pub(super) ids: Vec<i64>,
    /// How many remain to be told again.
    pub(crate) queued: u64,
}

impl Told {
    /// Tells `cache` what these rows say, one after the other.
    pub(super) async fn to(cache: &Cache, rows: Vec<(i64, String)>) -> Self {
        let mut told = Self::default();
        for (id, message) in rows {
            match Message::read(&message).apply(cache).await {
                Delivery::Applied => told.ids.push(id),
                Delivery::Queued => told.queued += 1,
            }
        }
        told
    }
}

/// A running relay: it looks for rows, tells the cache, and deletes what was acknowledged. Several nodes may each run one.
/// Dropping it stops it; a row that is being told then is told again by the next.
pub struct Relay {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    nudge: Notify,
    told: AtomicU64,
    failures: AtomicU64,
}

impl Relay {
    pub(super) fn start(rows: impl Rows, cache: &Cache, config: RelayConfig) -> Result<Self, OutboxError> {
        let of = rows.cache().to_owned();
        config.validate().map_err(|source| OutboxError::Config { cache: of, source })?;
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(run(rows, cache.clone(), config, shared.clone()));
        Ok(Self { shared, task })
    }

    /// Looks now: what a writer calls when its transaction is committed, so that nothing waits.
    pub fn nudge(&self) {
        self.shared.nudge.notify_one();
    }

    /// Rows told and acknowledged so far.
    pub fn told(&self) -> u64 {
        self.shared.told.load(Ordering::Relaxed)
    }

    /// Times the database could not be asked.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("told", &self.told()).field("failures", &self.failures()).finish()
    }
}

async fn run(rows: impl Rows, cache: Cache, config: RelayConfig, shared: Arc<Shared>) {
    loop {
        match rows.tell(&cache, config.batch).await {
            Ok(Told { ids, queued }) => {
                let told = ids.len() as u64;
                shared.told.fetch_add(told, Ordering::Relaxed);
                // A full batch that went through may have more behind it.
                if queued == 0 && told >= u64::from(config.batch) {
                    continue;
                }
            }
            Err(_) => {
                shared.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        let _ = tokio::time::timeout(config.every, shared.nudge.notified()).await;
    }
}
