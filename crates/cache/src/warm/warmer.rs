use std::fmt::Display;
use std::future::Future;

use crate::key::CacheKey;

/// Knows what will be asked for, and how to put it into the cache.
///
/// Load through [`get_or_load`](crate::Region::get_or_load), as readers do: an update that comes in the middle is then not
/// overwritten with what was read before it. `set_many` says that its values are true *from now on*, and so is only for what nobody
/// else writes.
///
/// ```
/// use mainstay_cache::{Cache, Region, RegionOptions, warm::{WarmConfig, WarmRunner, Warmer}};
/// # #[derive(Debug)] struct DbError;
/// # impl std::fmt::Display for DbError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("no") } }
/// # struct Db;
/// # impl Db {
/// #     async fn most_viewed(&self, _: usize) -> Result<Vec<(u64, f64)>, DbError> { Ok(vec![(12, 900.0), (7, 40.0)]) }
/// #     async fn home(&self, id: u64) -> Result<String, DbError> { Ok(format!("home {id}")) }
/// # }
///
/// struct Homes { db: Db, homes: Region<u64, String> }
///
/// impl Warmer for Homes {
///     type Key = u64;
///     type Error = DbError;
///
///     fn name(&self) -> &str { "homes" }
///
///     async fn plan(&self) -> Result<Vec<(u64, f64)>, DbError> {
///         self.db.most_viewed(1_000).await // ids, each with its views
///     }
///
///     async fn warm(&self, ids: &[u64]) -> Result<usize, DbError> {
///         for id in ids {
///             self.homes.get_or_load_borrowed(id, |_| self.db.home(*id)).await.map_err(|e| e.into_loader().expect("its loader's"))?;
///         }
///         Ok(ids.len())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder("houses").build().await?;
/// let homes = cache.region("home", RegionOptions::default())?;
/// let runner = WarmRunner::new(WarmConfig::default())?.warmer(Homes { db: Db, homes: homes.clone() });
/// let report = runner.run().await;
/// assert_eq!(report.loaded(), 2);
/// assert!(homes.get_cached(&12).is_some());
/// # Ok(())
/// # }
/// ```
pub trait Warmer: Send + Sync {
    /// What it warms: what to ask the cache for, or what stands for several such keys.
    type Key: CacheKey;
    /// Why a plan or a batch failed.
    type Error: Display + Send;

    /// Its name in reports and checkpoints; no two warmers of one runner share it.
    fn name(&self) -> &str;

    /// What is worth warming, each key with how much it is asked for. The heaviest comes first, across all warmers of a
    /// runner, so let weights count the same thing: reads an hour, say. `f64::INFINITY` comes before everything, NaN last.
    fn plan(&self) -> impl Future<Output = Result<Vec<(Self::Key, f64)>, Self::Error>> + Send;

    /// Loads and stores these keys, heaviest first. Answers how many it loaded; the rest was there already.
    ///
    /// # Errors
    /// All keys of the batch then count as failed, and a resumed run tries them again.
    ///
    /// # Cancel safety
    /// It is dropped when the run ends early; `get_or_load` bears that.
    fn warm(&self, keys: &[Self::Key]) -> impl Future<Output = Result<usize, Self::Error>> + Send;

    /// Most keys it wants at once. Default: what the runner's [`WarmConfig::batch`](super::WarmConfig::batch) says.
    fn batch_size(&self) -> Option<usize> {
        None
    }
}
