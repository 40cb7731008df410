//! Writes a market into a fresh database.

mod postgres;
mod sqlite;
mod tables;

pub use postgres::{drop_postgres, load_postgres};
pub use sqlite::load_sqlite;
