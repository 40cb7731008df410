use crate::{
    domain::{Failure, FailureKind, PoolUse},
    store::{Connection, Database, sqlite_options},
};
use mainstay_pool::{
    ConfigError, GetError, Guard, Pool, PoolConfig,
    managers::{postgres::PostgresManager, sqlite::SqliteManager},
    sizing::recommended_size,
};
use sqlx::sqlite::SqliteSynchronous;

/// mainstay's pools over either database. SQLite knows one writer and many readers, so it gets a pool for each.
#[derive(Debug)]
pub(super) enum Pools {
    Sqlite { readers: Pool<SqliteManager>, writer: Pool<SqliteManager> },
    Postgres(Pool<PostgresManager>),
}

pub(super) enum Lease {
    Sqlite(Guard<SqliteManager>),
    Postgres(Guard<PostgresManager>),
}

impl Pools {
    pub(super) fn new(database: &Database) -> Result<Self, ConfigError> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let size = PoolConfig::production().max(recommended_size(cores, 1));
        match database {
            Database::Sqlite(path) => {
                // A reader begins no transaction that a return would have to roll back.
                let reader = SqliteManager::new(sqlite_options(path).read_only(true)).always_reset(false);
                // In WAL mode a commit survives the program's death without a flush, and the machine's with the last
                // checkpoint: SQLite's own advice.
                let writer = SqliteManager::new(sqlite_options(path).synchronous(SqliteSynchronous::Normal));
                Ok(Self::Sqlite {
                    readers: Pool::new("readers", reader, size)?,
                    writer: Pool::new("writer", writer, PoolConfig::production().min(1).max(1))?,
                })
            }
            Database::Postgres { options, .. } => {
                let manager = PostgresManager::new(options.as_ref().clone());
                Ok(Self::Postgres(Pool::new("properties", manager, size)?))
            }
        }
    }

    pub(super) async fn warm(&self) -> Result<(), Failure> {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.warm().await.map_err(no_connection)?;
                writer.warm().await.map_err(no_connection)
            }
            Self::Postgres(pool) => pool.warm().await.map_err(no_connection),
        }
    }

    pub(super) async fn reader(&self) -> Result<Lease, Failure> {
        match self {
            Self::Sqlite { readers, .. } => readers.get().await.map(Lease::Sqlite),
            Self::Postgres(pool) => pool.get().await.map(Lease::Postgres),
        }
        .map_err(no_connection)
    }

    pub(super) async fn writer(&self) -> Result<Lease, Failure> {
        match self {
            Self::Sqlite { writer, .. } => writer.get().await.map(Lease::Sqlite),
            Self::Postgres(pool) => pool.get().await.map(Lease::Postgres),
        }
        .map_err(no_connection)
    }

    pub(super) fn in_use(&self) -> PoolUse {
        let (in_use, max) = match self {
            Self::Sqlite { readers, writer } => {
                let (readers, writer) = (readers.status(), writer.status());
                (readers.in_use + writer.in_use, readers.max + writer.max)
            }
            Self::Postgres(pool) => {
                let status = pool.status();
                (status.in_use, status.max)
            }
        };
        PoolUse { in_use, max }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Lease {
    pub(super) fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn no_connection(error: GetError<sqlx::Error>) -> Failure {
    let kind = if error.is_timeout() { FailureKind::Overloaded } else { FailureKind::Database };
    Failure::new(kind, error.to_string())
}
