use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::{self, FileError, Kind};
use super::{HotKey, Restart};
use crate::cache::Cache;
use crate::error::CacheError;
use crate::options::RegionOptions;

/// The hot keys of a cache, saved when a process ends and read when the next begins.
///
/// It names keys, not values: what is stale by then is loaded anew.
///
/// ```
/// use mainstay_cache::{Cache, RegionOptions, warm::{HotKey, Manifest, Popularity, PopularityConfig, WarmConfig, WarmRunner, each}};
/// # async fn home(id: u64) -> Result<String, std::io::Error> { Ok(id.to_string()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("hot");
/// let cache = Cache::builder("houses").build().await?;
/// let popularity = Popularity::new(PopularityConfig::default().sample_one_in(1))?;
/// popularity.touch("home", &12); // beside each read
///
/// // At the end:
/// Manifest::of(cache.name(), popularity.hottest(10_000)).save(&path)?;
///
/// // At the next beginning:
/// let manifest = Manifest::load(&path, cache.name()).unwrap_or_else(|error| {
///     eprintln!("{error}"); // a damaged or foreign file is worth a line, not a failed start
///     Manifest::default()
/// });
/// let homes = manifest.region("home").filter_map(|hot| Some((hot.parse::<u64>()?, hot.weight)));
/// let runner = WarmRunner::new(WarmConfig::default())?.warmer(each("homes", homes, home));
/// assert_eq!(runner.run().await.loaded(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    cache: String,
    keys: Vec<HotKey>,
}

impl Manifest {
    /// Most keys it holds: the heaviest.
    pub const MOST_KEYS: usize = 100_000;

    /// Bytes of all names and keys together: what a file may hold, less what frames them.
    const MOST_TEXT: usize = file::MOST_BYTES / 4 * 3;
    /// What a key takes in a file beside its text, at most.
    const FRAME: usize = 24;

    /// The heaviest of `keys`, each once, at most [`MOST_KEYS`](Self::MOST_KEYS) and 12 MiB of text.
    pub fn of(cache: impl Into<String>, keys: impl IntoIterator<Item = HotKey>) -> Self {
        let mut keys: Vec<HotKey> = keys.into_iter().filter(|hot| !hot.weight.is_nan()).collect();
        keys.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut seen = HashSet::new();
        let mut text = 0;
        keys.retain(|hot| {
            if seen.len() == Self::MOST_KEYS || !seen.insert((hot.region.clone(), hot.key.clone())) {
                return false;
            }
            text += hot.region.len() + hot.key.len() + Self::FRAME;
            text <= Self::MOST_TEXT
        });
        Self { cache: cache.into(), keys }
    }

    /// Writes it to a file, which holds the old or the new one at any moment. Blocks for that long.
    ///
    /// # Errors
    /// The file cannot be written; what was there stays.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        file::write(path.as_ref(), Kind::Manifest, &(&self.cache, &self.keys))
    }

    /// Reads that of the cache of this name; no file is an empty manifest. Blocks for that long.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, is no manifest, or another cache's: say so and begin with the default.
    pub fn load(path: impl AsRef<Path>, cache: &str) -> Result<Self, FileError> {
        let path = path.as_ref();
        let Some((owner, keys)) = file::read::<(String, Vec<HotKey>)>(path, Kind::Manifest)? else {
            return Ok(Self { cache: cache.to_owned(), keys: Vec::new() });
        };
        if owner != cache {
            return Err(FileError::Foreign {
                path: path.to_owned(),
                found: format!("it is of the cache `{owner}`"),
                expected: format!("`{cache}`"),
            });
        }
        Ok(Self::of(owner, keys))
    }

    /// Keys in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it names no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All keys, heaviest first.
    pub fn iter(&self) -> impl Iterator<Item = &HotKey> {
        self.keys.iter()
    }

    /// The keys of one region, heaviest first.
    pub fn region(&self, name: &str) -> impl Iterator<Item = &HotKey> {
        self.keys.iter().filter(move |hot| hot.region == name)
    }

    /// A warmer that fetches a region's hot keys into memory from the shared layers, many with one round trip, and loads nothing:
    /// for a restart beside a Redis or a SQL layer that is warm. `V` and `options` are those the region is opened with.
    ///
    /// # Errors
    /// As [`Cache::region`].
    pub fn restart<V>(
        &self,
        cache: &Cache,
        region: &str,
        options: RegionOptions,
    ) -> Result<Restart<V>, CacheError>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let keys = self.region(region).map(|hot| (hot.key(), hot.weight)).collect();
        Ok(Restart::new(region, cache.region(region, options)?, keys))
    }
}
