use super::connection::Connection;
use super::database::OwnedConnection;
use super::error::StoreError;
use super::plan::reads_by_index;
use super::row::Row;
use super::value::Value;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// Counts the statements of one side as it sends them.
///
/// Whether a statement's plan goes through an index is asked once per distinct text, on a connection of the
/// log's own, so that the call that met the text first does not pay for it. Statements are therefore kept by
/// text: values belong in binds.
#[derive(Debug)]
pub struct QueryLog {
    queries: AtomicU64,
    slow: AtomicU64,
    statements: RwLock<HashMap<String, Arc<Statement>>>,
    unexplained: UnboundedSender<Unexplained>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryCounts {
    pub queries: u64,
    /// Those longer than [`QueryLog::SLOW_AFTER`]; one whose caller went away counts from its start to then.
    pub slow: u64,
    /// Those whose plan reads every base table through an index or key. A text counts once it was explained,
    /// with all its runs.
    pub indexed: u64,
}

#[derive(Debug, Default)]
struct Statement {
    runs: AtomicU64,
    indexed: AtomicBool,
}

struct Unexplained {
    statement: Arc<Statement>,
    sql: String,
    binds: Vec<Value>,
}

impl QueryLog {
    pub const SLOW_AFTER: Duration = Duration::from_millis(100);

    /// A log that explains new texts on this connection, in a task that ends when the log is dropped.
    pub fn new(explainer: OwnedConnection) -> Self {
        let (unexplained, texts) = unbounded_channel();
        tokio::spawn(explain(explainer, texts));
        Self {
            queries: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            statements: RwLock::default(),
            unexplained,
        }
    }

    /// [`Connection::query`], counted.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn query(
        &self,
        connection: &mut Connection<'_>,
        sql: &str,
        binds: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let _run = self.started(sql, binds);
        connection.query(sql, binds).await
    }

    /// [`Connection::execute`], counted.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn execute(
        &self,
        connection: &mut Connection<'_>,
        sql: &str,
        binds: &[Value],
    ) -> Result<u64, StoreError> {
        let _run = self.started(sql, binds);
        connection.execute(sql, binds).await
    }

    pub fn counts(&self) -> QueryCounts {
        let statements = self.statements.read();
        let indexed = statements.values().filter(|statement| statement.indexed.load(Relaxed));
        QueryCounts {
            indexed: indexed.map(|statement| statement.runs.load(Relaxed)).sum(),
            queries: self.queries.load(Relaxed),
            slow: self.slow.load(Relaxed),
        }
    }

    fn started(&self, sql: &str, binds: &[Value]) -> Run<'_> {
        self.queries.fetch_add(1, Relaxed);
        let known = self.statements.read().get(sql).cloned();
        let statement = known.unwrap_or_else(|| self.meet(sql, binds));
        statement.runs.fetch_add(1, Relaxed);
        Run { log: self, since: Instant::now() }
    }

    fn meet(&self, sql: &str, binds: &[Value]) -> Arc<Statement> {
        let mut statements = self.statements.write();
        if let Some(known) = statements.get(sql) {
            return Arc::clone(known);
        }
        let statement = Arc::new(Statement::default());
        statements.insert(sql.to_owned(), Arc::clone(&statement));
        let text =
            Unexplained { statement: Arc::clone(&statement), sql: sql.to_owned(), binds: binds.to_vec() };
        // The task ends before the log only with its runtime, and then no count is read any more.
        let _ = self.unexplained.send(text);
        statement
    }
}

/// A statement under way: counted as slow when it ends late, however it ends.
struct Run<'a> {
    log: &'a QueryLog,
    since: Instant,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.since.elapsed() > QueryLog::SLOW_AFTER {
            self.log.slow.fetch_add(1, Relaxed);
        }
    }
}

async fn explain(mut explainer: OwnedConnection, mut texts: UnboundedReceiver<Unexplained>) {
    while let Some(Unexplained { statement, sql, binds }) = texts.recv().await {
        // A text that cannot be explained (DDL, BEGIN) reads no table through an index.
        let indexed = reads_by_index(&mut explainer.borrow(), &sql, &binds).await.unwrap_or(false);
        statement.indexed.store(indexed, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection as _, SqliteConnection};

    async fn log() -> QueryLog {
        QueryLog::new(OwnedConnection::Sqlite(SqliteConnection::connect("sqlite::memory:").await.unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_statement_is_slow_past_the_limit_however_it_ends() {
        let log = log().await;
        for (takes, slow) in [(99, 0), (101, 1), (100, 1), (5_000, 2)] {
            let run = log.started("SELECT 1", &[]);
            tokio::time::advance(Duration::from_millis(takes)).await;
            drop(run);
            assert_eq!(log.counts().slow, slow, "after {takes} ms");
        }
        assert_eq!(log.counts().queries, 4);
    }

    #[tokio::test]
    async fn runs_before_the_plan_is_known_count_once_it_is() {
        let log = log().await;
        let mut owned = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut connection = Connection::Sqlite(&mut owned);
        for _ in 0..3 {
            log.query(&mut connection, "SELECT 1 + $1", &[1.into()]).await.unwrap();
        }
        // Neither runs nor can be explained: sent all the same, and through no index.
        log.query(&mut connection, "SELECT nothing", &[]).await.unwrap_err();
        let deadline = Instant::now() + Duration::from_secs(20);
        while log.counts().indexed < 3 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!((log.counts().queries, log.counts().indexed), (4, 3));
    }
}
