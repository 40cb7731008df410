use std::fmt;
use std::future::Future;

use super::Warmer;
use crate::key::CacheKey;

/// A warmer of keys known beforehand, by what a reader would call.
///
/// ```
/// use mainstay_cache::warm::{WarmConfig, WarmRunner, each};
/// # async fn home(id: u64) -> Result<String, std::io::Error> { Ok(id.to_string()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let front_page = [(12, 900.0), (7, 40.0)];
/// let runner = WarmRunner::new(WarmConfig::default())?.warmer(each("front page", front_page, |id| home(id)));
/// assert_eq!(runner.run().await.loaded(), 2);
/// # Ok(())
/// # }
/// ```
pub fn each<K, F, Fut, T, E>(
    name: impl Into<String>,
    keys: impl IntoIterator<Item = (K, f64)>,
    warm: F,
) -> Each<K, F>
where
    K: CacheKey + Clone,
    F: Fn(K) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    E: fmt::Display + Send,
{
    Each { name: name.into(), keys: keys.into_iter().collect(), warm }
}

/// See [`each`].
pub struct Each<K, F> {
    name: String,
    keys: Vec<(K, f64)>,
    warm: F,
}

impl<K, F, Fut, T, E> Warmer for Each<K, F>
where
    K: CacheKey + Clone,
    F: Fn(K) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    E: fmt::Display + Send,
{
    type Key = K;
    type Error = E;

    fn name(&self) -> &str {
        &self.name
    }

    async fn plan(&self) -> Result<Vec<(K, f64)>, E> {
        Ok(self.keys.clone())
    }

    async fn warm(&self, keys: &[K]) -> Result<usize, E> {
        for key in keys {
            (self.warm)(key.clone()).await.map(drop)?;
        }
        Ok(keys.len())
    }

    /// One by one: a key that fails takes no other with it.
    fn batch_size(&self) -> Option<usize> {
        Some(1)
    }
}

impl<K, F> fmt::Debug for Each<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each")
            .field("name", &self.name)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
