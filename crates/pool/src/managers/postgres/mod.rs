//! Connections of sqlx to PostgreSQL.

mod manager;
mod role;
mod statements;
mod variables;

pub use manager::PostgresManager;
pub use statements::{StatementCache, statement_cache};
pub use variables::session_variables;
