use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use crate::manager::{Condition, Manager};

/// Connections of sqlx to SQLite.
///
/// A transaction left open is rolled back on return, in the background and before anybody else gets the connection.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::{Pool, PoolConfig, managers::sqlite::SqliteManager};
///
/// let options = "sqlite::memory:".parse()?;
/// let pool = Pool::new("app", SqliteManager::new(options), PoolConfig::testing())?;
/// let mut connection = pool.get().await?;
/// let (two,): (i64,) = sqlx::query_as("SELECT 1 + 1").fetch_one(&mut *connection).await?;
/// assert_eq!(two, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteManager {
    options: SqliteConnectOptions,
    always_reset: bool,
}

impl SqliteManager {
    /// Connects with `options`.
    #[must_use]
    pub fn new(options: SqliteConnectOptions) -> Self {
        Self { options, always_reset: true }
    }

    /// Sets whether every return is followed by a rollback, one trip to the connection's thread; otherwise only where sqlx itself
    /// knows of a transaction, which it does not of one begun by a bare `BEGIN`. Default: `true`.
    #[must_use]
    pub fn always_reset(mut self, always: bool) -> Self {
        self.always_reset = always;
        self
    }
}

impl Manager for SqliteManager {
    type Connection = SqliteConnection;
    type Error = sqlx::Error;

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options.connect().await
    }

    async fn check(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        connection.ping().await
    }

    fn condition(&self, connection: &SqliteConnection) -> Condition {
        if self.always_reset || connection.is_in_transaction() { Condition::Dirty } else { Condition::Clean }
    }

    async fn reset(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        match connection.execute("ROLLBACK").await {
            Ok(_) => {}
            // SQLITE_ERROR: there was no transaction, the usual case.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("1") => {}
            Err(error) => return Err(error),
        }
        if connection.is_in_transaction() {
            return Err(sqlx::Error::Protocol("a forgotten transaction handle still counts as open".into()));
        }
        Ok(())
    }
}
