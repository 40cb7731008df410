mod dialect;
mod eviction;
mod layer;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stored_stamps;

pub(crate) use layer::Opening;
#[cfg(feature = "postgres")]
pub(crate) use postgres::open_postgres;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::open_sqlite;
