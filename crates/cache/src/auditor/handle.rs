use std::fmt;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::audit::Audit;
use super::config::AuditConfig;
use super::finding::{Audited, Finding};
use super::ledger::Ledger;
use super::report::AuditReport;
use super::source::Source;
use crate::cache::Cache;
use crate::error::{CacheError, ConfigError};

/// Watches whether memory, Redis and the source agree, by samples, for as long as it is kept.
///
/// It samples memory, reads the same keys from Redis in one go and, if it was given one, asks the source for its versions.
/// What differs is looked at again after the staleness bound, two command timeouts and the configured grace: only what memory
/// served all that time, or Redis still holds, counts. What Redis does not hold is no finding. The idea is Meta's Polaris
/// (*Cache made consistent*, 2022): a promise that nobody measures is a hope.
///
/// A finding is a fact, and has one of two causes: an invalidation was lost, or the source changed without one. So leave out
/// of [`AuditConfig::regions`] what lives by its time to live alone.
///
/// ```
/// use mainstay_cache::auditor::{AuditConfig, Auditor};
/// use mainstay_cache::{Cache, RegionOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # struct Db;
/// # impl Db { async fn version_of(&self, _: u64) -> Option<u64> { Some(3) } }
/// # let db = std::sync::Arc::new(Db);
/// let cache = Cache::builder("service").build().await?;
/// let homes = cache.region::<u64, String>("home", RegionOptions::default())?;
/// let auditor = Auditor::start_with_source(&cache, AuditConfig::default(), move |audited| {
///     let db = db.clone();
///     async move { db.version_of(audited.parse()?).await }
/// })?;
/// homes.set_versioned(&12, "sold".to_owned(), 3).await?;
/// assert_eq!(auditor.report().incoherent(), 0);
/// # Ok(())
/// # }
/// ```
pub struct Auditor {
    task: JoinHandle<()>,
    pub(crate) ledger: Arc<Ledger>,
}

impl Auditor {
    /// Watches memory against Redis.
    ///
    /// # Errors
    /// A value is out of range, or the cache has no Redis: there is nothing to compare with then.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(cache: &Cache, config: AuditConfig) -> Result<Self, CacheError> {
        if cache.inner.l2.is_none() {
            let allowed = "a cache with Redis, or `Auditor::start_with_source`";
            let source = ConfigError::new("auditor", "a cache of memory alone", allowed);
            return Err(CacheError::Config { cache: cache.name().to_owned(), source });
        }
        Self::watch(cache, config, None)
    }

    /// Watches memory against Redis, if there is one, and both against the source. `source_version` answers the version that
    /// the source has of a key, and nothing if it has none or does not know; it must never fall while a row lives. It is
    /// asked for entries that were kept with a version, one after the other, at most twice a sampled entry. A panic in it
    /// is no answer.
    ///
    /// # Errors
    /// A value is out of range.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_with_source<F, Fut>(
        cache: &Cache,
        config: AuditConfig,
        source_version: F,
    ) -> Result<Self, CacheError>
    where
        F: Fn(Audited) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<u64>> + Send + 'static,
    {
        let source = Source::new(source_version, config.source_timeout);
        Self::watch(cache, config, Some(source))
    }

    fn watch(cache: &Cache, config: AuditConfig, source: Option<Source>) -> Result<Self, CacheError> {
        let at_fault = |source| CacheError::Config { cache: cache.name().to_owned(), source };
        config.validate().map_err(at_fault)?;
        let ledger = Arc::new(Ledger::new(config.keep));
        let audit = Audit { cache: Arc::downgrade(&cache.inner), config, source, ledger: ledger.clone() };
        Ok(Self { task: tokio::spawn(audit.run()), ledger })
    }

    /// What it did so far.
    pub fn report(&self) -> AuditReport {
        self.ledger.report()
    }

    /// The last findings, oldest first.
    pub fn findings(&self) -> Vec<Finding> {
        self.ledger.findings()
    }
}

impl Drop for Auditor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor").field("report", &self.report()).finish_non_exhaustive()
    }
}
