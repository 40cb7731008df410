//! Invalidations as rows, written in the same transaction as the data they concern and told to the cache at least once.
//!
//! An invalidation that is called after a commit is lost if the process dies in between. One that is a row of the same
//! transaction is there exactly if the data is; a relay on any node tells it, and deletes the row when every layer has
//! acknowledged.

mod error;
mod message;
#[cfg(feature = "postgres")]
mod postgres;
mod relay;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::OutboxError;
#[cfg(feature = "postgres")]
pub use postgres::PostgresOutbox;
#[cfg(all(test, feature = "redis", feature = "sqlite"))]
pub(crate) use relay::Rows;
pub use relay::{Relay, RelayConfig};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteOutbox;
