//! What a test that leads every step asks and tells: no round goes of itself there.

use super::commands::Cluster;
use crate::layers::shared::LayerError;

impl Cluster {
    /// The epoch of a key's bucket as this node knows it.
    pub(crate) fn epoch_of(&self, key: &str) -> Option<u64> {
        self.buckets.at(self.buckets.of(key)).epoch()
    }

    /// What a round does for one bucket, after a command that was refused there, or went to another server than before.
    pub(crate) async fn meet_bucket_of(&self, key: &str) -> Result<(), LayerError> {
        let bucket = self.buckets.at(self.buckets.of(key));
        if let Some(known) = bucket.epoch() {
            bucket.outlived(known);
        }
        self.meet(bucket).await
    }

    /// Where all that concerns a key lies.
    pub(crate) fn prefix_of(&self, key: &str) -> &str {
        &self.buckets.at(self.buckets.of(key)).prefix
    }
}
