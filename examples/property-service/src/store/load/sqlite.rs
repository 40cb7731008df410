use super::super::connection::Connection;
use super::super::database::{Database, sqlite_options};
use super::super::error::StoreError;
use super::super::schema::Dialect;
use super::tables::{Filling, fillings};
use crate::market::Market;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _};
use std::path::Path;

/// Rows a statement inserts. More gains nothing; it stays far below SQLite's 32,766 binds.
const BATCH: usize = 200;

/// Writes the market into a new file, left in WAL mode and closed: a copy of the file is a copy of the database.
///
/// # Errors
///
/// The file is there already or cannot be written.
pub async fn load_sqlite(market: &Market, path: &Path) -> Result<Database, StoreError> {
    let database = Database::Sqlite(path.to_owned());
    std::fs::File::create_new(path)
        .map_err(|source| StoreError::File { path: path.display().to_string(), source })?;
    // A load that dies half-way is made again from its seed: nothing is worth journalling.
    let options =
        sqlite_options(path).journal_mode(SqliteJournalMode::Off).synchronous(SqliteSynchronous::Off);
    let mut owned = options.connect().await.map_err(|source| database.unreachable(source))?;
    let mut connection = Connection::Sqlite(&mut owned);
    connection.execute("BEGIN", &[]).await?;
    for filling in fillings(market) {
        connection.execute(&filling.table.create(Dialect::Sqlite), &[]).await?;
        insert(&mut connection, &filling).await?;
    }
    connection.execute("COMMIT", &[]).await?;
    connection.query("PRAGMA journal_mode = WAL", &[]).await?;
    owned.close().await.map_err(StoreError::statement("close"))?;
    Ok(database)
}

async fn insert(connection: &mut Connection<'_>, filling: &Filling<'_>) -> Result<(), StoreError> {
    // Unnamed placeholders: SQLite finds a named one by walking the names before it.
    let row = format!("({})", vec!["?"; filling.table.width()].join(", "));
    let statement = |rows: usize| {
        format!("INSERT INTO {} VALUES {}", filling.table.name, vec![row.as_str(); rows].join(", "))
    };
    let full = statement(BATCH);
    let mut cells = Vec::with_capacity(BATCH * filling.table.width());
    for first in (0..filling.rows).step_by(BATCH) {
        let end = filling.rows.min(first + BATCH);
        cells.clear();
        (first..end).for_each(|row| (filling.push)(row, &mut cells));
        if end - first == BATCH {
            connection.execute(&full, &cells).await?;
        } else {
            connection.execute(&statement(end - first), &cells).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::real_localities;

    #[tokio::test]
    async fn every_row_of_the_market_arrives() {
        let market = Market::generate(real_localities().unwrap(), 42, 3_000).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        let database = load_sqlite(&market, &path).await.unwrap();

        let mut owned = database.connect().await.unwrap();
        let mut connection = owned.borrow();
        let expected = [
            ("localities", market.localities.len()),
            ("properties", 3_000),
            ("price_history", market.sales.len()),
            ("listings", market.listings.len()),
            ("users", 300),
            ("searches", 3_000),
            ("property_views", market.views.len()),
        ];
        for (table, rows) in expected {
            let counted = connection.query(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
            assert_eq!(counted[0].int(0).unwrap(), rows as i64, "{table}");
        }
        let mode = connection.query("PRAGMA journal_mode", &[]).await.unwrap();
        assert_eq!(mode[0].text(0).unwrap(), "wal");
        let indexes = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
        assert_eq!(connection.query(indexes, &[]).await.unwrap()[0].int(0).unwrap(), 0);

        let row = connection.query("SELECT * FROM properties WHERE id = $1", &[7.into()]).await.unwrap();
        let property = super::super::super::property(&row[0]).unwrap();
        assert_eq!(property.address, market.address_of(&market.homes[6]));
        assert_eq!((property.price, property.version), (market.homes[6].price, 1));
        assert_eq!(row[0].real(9).unwrap(), market.homes[6].latitude);
    }

    #[tokio::test]
    async fn the_closed_file_alone_is_the_database() {
        let market = Market::generate(real_localities().unwrap(), 42, 50).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.db"), folder.path().join("b.db"));
        load_sqlite(&market, &first).await.unwrap();
        std::fs::copy(&first, &second).unwrap();
        let mut copy = Database::Sqlite(second).connect().await.unwrap();
        let counted = copy.borrow().query("SELECT count(*) FROM properties", &[]).await.unwrap();
        assert_eq!(counted[0].int(0).unwrap(), 50);
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_not_overwritten() {
        let market = Market::generate(real_localities().unwrap(), 42, 10).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = load_sqlite(&market, file.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error}");
    }
}
