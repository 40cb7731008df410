/// Why an outbox could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The database said no; in a transaction that makes the data and its invalidation fail together.
    #[error("outbox of cache `{cache}`: {source}")]
    Database {
        /// The cache whose outbox it is.
        cache: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A value is out of range.
    #[error("outbox of cache `{cache}`: {source}")]
    Config {
        /// The cache whose outbox it is.
        cache: String,
        /// The value at fault.
        source: crate::error::ConfigError,
    },
}

impl OutboxError {
    pub(super) fn database(cache: &str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { cache: cache.to_owned(), source }
    }
}
