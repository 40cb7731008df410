use crate::domain::{Failure, FailureKind};

/// Why the property database gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot reach the database {database}: {source}; is it running, and is its address right?")]
    Unreachable {
        /// Without its password.
        database: String,
        source: sqlx::Error,
    },
    #[error("{source} (statement: {sql})")]
    Statement { sql: String, source: sqlx::Error },
    #[error("no connection for a statement: {0}")]
    NoConnection(#[source] sqlx::Error),
    #[error(
        "column {column} holds {found}, expected {expected}: does the statement select what its reader reads?"
    )]
    Column { column: usize, found: String, expected: &'static str },
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
}

impl StoreError {
    pub(super) fn statement(sql: &str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { sql: sql.to_owned(), source }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NoConnection(sqlx::Error::PoolTimedOut) => FailureKind::Overloaded,
            _ => FailureKind::Database,
        };
        Self::new(kind, error.to_string())
    }
}
