//! The property database, SQLite or PostgreSQL, as both sides see it: one schema, one dynamic statement layer,
//! one log of what was sent.

mod connection;
mod database;
mod error;
mod load;
mod plan;
mod query_log;
mod row;
mod rows;
mod schema;
mod value;

pub use connection::Connection;
pub use database::{Database, sqlite_options};
pub use error::StoreError;
pub use load::{drop_postgres, load_postgres, load_sqlite};
pub use query_log::QueryLog;
pub use row::Row;
pub use rows::{PROPERTY_COLUMNS, kind_text, price_event, property};
pub use value::Value;
