use std::convert::Infallible;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Warmer;
use crate::key::Key;
use crate::region::Region;

/// Keys fetched with one round trip a layer.
const TOGETHER: usize = 100;

/// Fetches hot keys into memory from the shared layers; see [`Manifest::restart`](super::Manifest::restart). What they do not
/// have counts as skipped.
#[derive(Debug)]
pub struct Restart<V> {
    name: String,
    region: Region<Key, V>,
    keys: Vec<(Key, f64)>,
}

impl<V> Restart<V> {
    pub(super) fn new(name: &str, region: Region<Key, V>, keys: Vec<(Key, f64)>) -> Self {
        Self { name: format!("restart of {name}"), region, keys }
    }
}

impl<V> Warmer for Restart<V>
where
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Key = Key;
    type Error = Infallible;

    fn name(&self) -> &str {
        &self.name
    }

    async fn plan(&self) -> Result<Vec<(Key, f64)>, Infallible> {
        Ok(self.keys.clone())
    }

    async fn warm(&self, keys: &[Key]) -> Result<usize, Infallible> {
        Ok(self.region.get_many(keys).await.iter().flatten().count())
    }

    fn batch_size(&self) -> Option<usize> {
        Some(TOGETHER)
    }
}
