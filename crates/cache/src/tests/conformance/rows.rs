use futures::future::BoxFuture;

use crate::{Cache, Delivery};

/// An outbox, told row by row.
pub(super) trait Rows: Send + Sync {
    /// Writes a row that names a key.
    fn add(&self, key: String) -> BoxFuture<'_, ()>;

    /// What a relay does when it looks: the oldest row is told, and deleted if that was acknowledged.
    fn tell(&self, cache: Cache) -> BoxFuture<'static, Delivery>;

    /// How many there are.
    fn count(&self) -> BoxFuture<'_, usize>;
}
