use crate::store::{Connection, Database, StoreError, sqlite_options};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// sqlx's own default, written out.
pub(super) const MAX_CONNECTIONS: u32 = 10;

#[derive(Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    pub(super) async fn connect(database: &Database) -> Result<Self, StoreError> {
        let connected = match database {
            Database::Sqlite(path) => SqlitePoolOptions::new()
                .max_connections(MAX_CONNECTIONS)
                .connect_with(sqlite_options(path))
                .await
                .map(Self::Sqlite),
            Database::Postgres { options, .. } => PgPoolOptions::new()
                .max_connections(MAX_CONNECTIONS)
                .connect_with(options.as_ref().clone())
                .await
                .map(Self::Postgres),
        };
        connected.map_err(|source| database.unreachable(source))
    }

    pub(super) async fn acquire(&self) -> Result<Lease, StoreError> {
        match self {
            Self::Sqlite(pool) => pool.acquire().await.map(Lease::Sqlite),
            Self::Postgres(pool) => pool.acquire().await.map(Lease::Postgres),
        }
        .map_err(StoreError::NoConnection)
    }

    pub(super) async fn begin(&self) -> Result<Unit, StoreError> {
        match self {
            Self::Sqlite(pool) => pool.begin().await.map(Unit::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Unit::Postgres),
        }
        .map_err(StoreError::NoConnection)
    }

    pub(super) fn in_use(&self) -> usize {
        let (size, idle) = match self {
            Self::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Self::Postgres(pool) => (pool.size(), pool.num_idle()),
        };
        // The two are read apart.
        (size as usize).saturating_sub(idle)
    }
}

pub(super) enum Lease {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Lease {
    pub(super) fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

/// A unit of work: rolled back unless committed.
pub(super) enum Unit {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Unit {
    pub(super) fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(|source| StoreError::Statement { sql: "COMMIT".to_owned(), source })
    }
}
