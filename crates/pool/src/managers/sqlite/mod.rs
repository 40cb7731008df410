//! Connections of sqlx to SQLite.

mod file;
mod manager;

pub use file::SqliteFile;
pub use manager::SqliteManager;
