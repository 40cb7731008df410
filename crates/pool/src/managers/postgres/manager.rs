use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::variables;
use crate::manager::{Condition, Manager};

/// Connections of sqlx to PostgreSQL.
///
/// A transaction left open is rolled back on return, in the background and before anybody else gets the connection, so that its locks
/// go at once.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::{Pool, PoolConfig, managers::postgres::PostgresManager};
///
/// let options = "postgres://app@localhost/app".parse()?;
/// let pool = Pool::new("app", PostgresManager::new(options), PoolConfig::production())?;
/// let mut connection = pool.get().await?;
/// sqlx::query("SELECT 1").execute(&mut *connection).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresManager {
    options: PgConnectOptions,
    always_reset: bool,
    /// The statements that reset session variables; empty if there are none.
    forgetting: Arc<str>,
}

impl PostgresManager {
    /// Connects with `options`.
    #[must_use]
    pub fn new(options: PgConnectOptions) -> Self {
        Self { options, always_reset: true, forgetting: Arc::default() }
    }

    /// Sets whether the server is asked after every return if a transaction is open, one round trip; otherwise only where sqlx itself
    /// knows of one. It does not know of a bare `BEGIN`, nor (in 0.9) of a `begin()` that was cancelled on its way: turn this off
    /// only where neither can happen. Default: `true`.
    #[must_use]
    pub fn always_reset(mut self, always: bool) -> Self {
        self.always_reset = always;
        self
    }

    /// Has these session variables reset on every return, one round trip, so that nobody inherits them; what a
    /// [`session_variables`](super::session_variables) set belongs here. Default: none.
    ///
    /// `RESET ALL` would also undo what `after_connect` has set.
    #[must_use]
    pub fn forget_variables(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.forgetting = variables::resetting(names).into();
        self
    }
}

/// The least that a server can be asked without an effect: allowed on a standby, counted as a commit, and neither planned nor given a
/// snapshot as a `SELECT` would be. An empty text would be less still, but a transaction that has failed takes it too.
const NOTHING: &str = "UNLISTEN mainstay_nothing";

/// Ends a transaction block that the server is inside of, in one round trip if there is none.
///
/// The server tells with every answer whether it is; the driver reveals it only to a `begin` with a statement of one's own, which fails
/// if no transaction is open after it.
async fn end_block(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let has_failed = match connection.begin_with(NOTHING).await {
        Ok(open) => return open.rollback().await,
        Err(sqlx::Error::BeginFailed) => false,
        // 25P02, in_failed_sql_transaction.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("25P02") => true,
        Err(error) => return Err(error),
    };
    if has_failed {
        connection.execute("ROLLBACK").await?;
    }
    Ok(())
}

impl Manager for PostgresManager {
    type Connection = PgConnection;
    type Error = sqlx::Error;

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options.connect().await
    }

    async fn check(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        connection.ping().await
    }

    fn condition(&self, connection: &PgConnection) -> Condition {
        // A dropped `Transaction` leaves its ROLLBACK in the write buffer, and its locks on the server, until somebody flushes.
        let left_over = connection.is_in_transaction() || connection.should_flush();
        if self.always_reset || left_over || !self.forgetting.is_empty() {
            Condition::Dirty
        } else {
            Condition::Clean
        }
    }

    async fn reset(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if connection.is_in_transaction() {
            return Err(sqlx::Error::Protocol("a forgotten transaction handle still counts as open".into()));
        }
        end_block(connection).await?;
        // After the rollback, which would bring back what was set before its transaction.
        if !self.forgetting.is_empty() {
            connection.execute(sqlx::AssertSqlSafe(self.forgetting.to_string())).await?;
        }
        Ok(())
    }

    /// An answer of the server speaks of the one statement, unless it says that the server is going (class 57P) or that it cannot be
    /// talked to (class 08).
    fn is_fatal(&self, error: &sqlx::Error) -> bool {
        match error {
            sqlx::Error::Database(answer) => {
                answer.code().is_none_or(|code| code.starts_with("57P") || code.starts_with("08"))
            }
            _ => true,
        }
    }

    /// 53300, too_many_connections: of the server, a role or a database.
    fn is_too_many_connections(&self, error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Database(answer) if answer.code().as_deref() == Some("53300"))
    }
}
