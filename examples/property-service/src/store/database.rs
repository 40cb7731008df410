use super::connection::Connection;
use super::error::StoreError;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection, SqliteConnection};
use std::path::PathBuf;

/// Where one side's data lives.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(PathBuf),
    /// `options` put the side's own schema first on the search path.
    Postgres {
        options: Box<PgConnectOptions>,
        schema: String,
    },
}

impl Database {
    /// A schema of a PostgreSQL database; nothing is asked of the server yet.
    ///
    /// # Errors
    ///
    /// `url` is none.
    pub fn postgres(url: &str, schema: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(|source| StoreError::Unreachable {
            // The address as given may hold a password.
            database: "given by its address".to_owned(),
            source,
        })?;
        let options = options.options([("search_path", schema)]).disable_statement_logging();
        Ok(Self::Postgres { options: Box::new(options), schema: schema.to_owned() })
    }

    /// A connection outside any pool.
    ///
    /// # Errors
    ///
    /// The database cannot be reached.
    pub async fn connect(&self) -> Result<OwnedConnection, StoreError> {
        let connected = match self {
            Self::Sqlite(path) => sqlite_options(path).connect().await.map(OwnedConnection::Sqlite),
            Self::Postgres { options, .. } => options.connect().await.map(OwnedConnection::Postgres),
        };
        connected.map_err(|source| self.unreachable(source))
    }

    pub fn unreachable(&self, source: sqlx::Error) -> StoreError {
        let database = match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres { options, .. } => place(options),
        };
        StoreError::Unreachable { database, source }
    }
}

/// How both sides open a SQLite file: sqlx's defaults.
pub fn sqlite_options(path: &std::path::Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path)
}

/// `user@host:port/database`: never the password.
fn place(options: &PgConnectOptions) -> String {
    let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
    format!("postgres://{user}@{host}:{port}/{}", options.get_database().unwrap_or(user))
}

/// A connection that its holder owns.
#[derive(Debug)]
pub enum OwnedConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl OwnedConnection {
    pub fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    /// Says goodbye to the server; a SQLite file is left without a write-ahead log if no one else has it open.
    ///
    /// # Errors
    ///
    /// The goodbye failed.
    pub async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
        .map_err(StoreError::statement("close"))
    }
}
