use std::future::Future;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

use super::manager::SqliteManager;
use crate::config::PoolConfig;
use crate::error::{ConfigError, GetError};
use crate::guard::Guard;
use crate::pool::Pool;

/// One SQLite file with one writer and many readers.
///
/// SQLite lets one connection write at a time. Writers who share a pool find that out by `SQLITE_BUSY`, in no order; here they wait in line
/// for the one connection that writes. In WAL mode, which the writer turns on, readers wait for nobody.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::{PoolConfig, managers::sqlite::SqliteFile};
/// use sqlx::sqlite::SqliteConnectOptions;
///
/// let options = SqliteConnectOptions::new().filename("app.db").create_if_missing(true);
/// let file = SqliteFile::new("app", options, PoolConfig::production())?;
/// sqlx::query("INSERT INTO visits VALUES ('/')").execute(&mut *file.write().await?).await?;
/// sqlx::query("SELECT count(*) FROM visits").fetch_one(&mut *file.read().await?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteFile {
    writer: Pool<SqliteManager>,
    readers: Pool<SqliteManager>,
}

impl SqliteFile {
    /// Makes the pools `<name>-writer` and `<name>-readers`; `readers` sizes the second, and gives both their time limits. An in-memory
    /// database is none: each of its connections would have a database of its own.
    ///
    /// # Errors
    ///
    /// As [`Pool::new`].
    pub fn new(name: &str, options: SqliteConnectOptions, readers: PoolConfig) -> Result<Self, ConfigError> {
        let writer = PoolConfig { lanes: Default::default(), ..readers.clone() }.min(1).max(1);
        let reading = SqliteManager::new(options.clone().read_only(true).create_if_missing(false));
        let writing = SqliteManager::new(options.journal_mode(SqliteJournalMode::Wal));
        Ok(Self {
            writer: Pool::new(Arc::from(format!("{name}-writer")), writing, writer)?,
            readers: Pool::new(Arc::from(format!("{name}-readers")), reading, readers)?,
        })
    }

    /// Takes the one connection that writes, in order of arrival.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn write(
        &self,
    ) -> impl Future<Output = Result<Guard<SqliteManager>, GetError<sqlx::Error>>> + Send + use<'_> {
        self.writer.get()
    }

    /// Takes a connection that only reads.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::get`].
    #[track_caller]
    pub fn read(
        &self,
    ) -> impl Future<Output = Result<Guard<SqliteManager>, GetError<sqlx::Error>>> + Send + use<'_> {
        self.readers.get()
    }

    /// Waits until the file is there and the minimum of readers has opened it.
    ///
    /// # Errors
    ///
    /// As [`Pool::warm`].
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::warm`].
    pub async fn warm(&self) -> Result<(), GetError<sqlx::Error>> {
        self.writer.warm().await?;
        self.readers.warm().await
    }

    /// The pool of the one writer.
    pub fn writer(&self) -> &Pool<SqliteManager> {
        &self.writer
    }

    /// The pool of the readers.
    pub fn readers(&self) -> &Pool<SqliteManager> {
        &self.readers
    }

    /// Closes both pools, the readers first: the last to close a file in WAL mode must be one that may write to tidy up.
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::close`], one pool after the other.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
