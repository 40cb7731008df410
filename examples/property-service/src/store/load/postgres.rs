use super::super::connection::Connection;
use super::super::database::{Database, OwnedConnection};
use super::super::error::StoreError;
use super::super::schema::Dialect;
use super::super::value::Value;
use super::tables::{Filling, fillings};
use crate::market::Market;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

/// Bytes a COPY message gathers before it is sent.
const CHUNK: usize = 256 * 1024;

/// Writes the market into a schema of its own, made afresh; the rest of the database is not touched.
///
/// # Errors
///
/// The server cannot be reached, or refuses.
pub async fn load_postgres(market: &Market, url: &str, schema: &str) -> Result<Database, StoreError> {
    let database = Database::postgres(url, schema)?;
    let OwnedConnection::Postgres(mut owned) = database.connect().await? else {
        unreachable!("a schema of PostgreSQL is on PostgreSQL")
    };
    let mut connection = Connection::Postgres(&mut owned);
    let quoted = quoted(schema);
    connection.execute(&format!("DROP SCHEMA IF EXISTS {quoted} CASCADE"), &[]).await?;
    connection.execute(&format!("CREATE SCHEMA {quoted}"), &[]).await?;
    for filling in fillings(market) {
        let name = filling.table.name;
        Connection::Postgres(&mut owned).execute(&filling.table.create(Dialect::Postgres), &[]).await?;
        copy(&mut owned, &filling).await?;
        let mut connection = Connection::Postgres(&mut owned);
        if filling.table.has_drawn_id() {
            let next = format!("ALTER TABLE {name} ALTER COLUMN id RESTART WITH {}", filling.rows + 1);
            connection.execute(&next, &[]).await?;
        }
        // Autovacuum would do so a minute later, in the middle of a run.
        connection.execute(&format!("VACUUM ANALYZE {name}"), &[]).await?;
    }
    owned.close().await.map_err(StoreError::statement("close"))?;
    Ok(database)
}

/// Drops what [`load_postgres`] made. Does nothing for SQLite, whose file goes with its folder.
///
/// # Errors
///
/// The server cannot be reached, or refuses.
pub async fn drop_postgres(database: &Database) -> Result<(), StoreError> {
    let Database::Postgres { schema, .. } = database else { return Ok(()) };
    let mut owned = database.connect().await?;
    owned.borrow().execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(schema)), &[]).await?;
    owned.close().await
}

async fn copy(connection: &mut PgConnection, filling: &Filling<'_>) -> Result<(), StoreError> {
    let statement = format!("COPY {} FROM STDIN", filling.table.name);
    let failed = |source| StoreError::Statement { sql: statement.clone(), source };
    let mut copy = connection.copy_in_raw(&statement).await.map_err(failed)?;
    let mut text = Vec::with_capacity(CHUNK + 1024);
    let mut cells = Vec::with_capacity(filling.table.width());
    for row in 0..filling.rows {
        cells.clear();
        (filling.push)(row, &mut cells);
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                text.push(b'\t');
            }
            write(cell, &mut text);
        }
        text.push(b'\n');
        if text.len() >= CHUNK {
            copy.send(text.as_slice()).await.map_err(failed)?;
            text.clear();
        }
    }
    copy.send(text.as_slice()).await.map_err(failed)?;
    copy.finish().await.map_err(failed)?;
    Ok(())
}

/// COPY's text format: `\N` for null, a backslash before what would end a cell or a row.
fn write(cell: &Value, into: &mut Vec<u8>) {
    match cell {
        Value::Null => into.extend(b"\\N"),
        Value::Int(value) => into.extend(value.to_string().as_bytes()),
        Value::Real(value) => into.extend(value.to_string().as_bytes()),
        Value::Text(value) => {
            for byte in value.bytes() {
                match byte {
                    b'\\' => into.extend(b"\\\\"),
                    b'\t' => into.extend(b"\\t"),
                    b'\n' => into.extend(b"\\n"),
                    b'\r' => into.extend(b"\\r"),
                    byte => into.push(byte),
                }
            }
        }
    }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::real_localities;
    use mainstay_testkit::postgres::Postgres;

    fn market() -> Market {
        Market::generate(real_localities().unwrap(), 42, 2_000).unwrap()
    }

    #[tokio::test]
    async fn every_row_of_the_market_arrives_and_goes_again() {
        let server = Postgres::start().unwrap();
        let market = market();
        // Twice: what an aborted run left behind is replaced.
        load_postgres(&market, &server.url(), "mainstay_before").await.unwrap();
        let database = load_postgres(&market, &server.url(), "mainstay_before").await.unwrap();
        let mut owned = database.connect().await.unwrap();
        let mut connection = owned.borrow();
        let expected = [
            ("localities", market.localities.len()),
            ("properties", 2_000),
            ("price_history", market.sales.len()),
            ("listings", market.listings.len()),
            ("users", 200),
            ("searches", 2_000),
            ("property_views", market.views.len()),
        ];
        for (table, rows) in expected {
            let counted = connection.query(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
            assert_eq!(counted[0].int(0).unwrap(), rows as i64, "{table}");
        }
        let row = connection.query("SELECT * FROM properties WHERE id = $1", &[7.into()]).await.unwrap();
        let property = crate::store::property(&row[0]).unwrap();
        assert_eq!(property.address, market.address_of(&market.homes[6]));
        assert_eq!(row[0].values()[12], Value::Null);
        let drawn = "INSERT INTO searches (user_id, text, created_day) VALUES (1, $1, 2) RETURNING id";
        let id = connection.query(drawn, &["O’Connor".into()]).await.unwrap()[0].int(0).unwrap();
        assert_eq!(id, 2_001);

        drop_postgres(&database).await.unwrap();
        let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'mainstay%'";
        assert_eq!(connection.query(left, &[]).await.unwrap()[0].int(0).unwrap(), 0);
    }

    #[tokio::test]
    async fn only_its_own_schema_is_touched() {
        let server = Postgres::start().unwrap();
        let market = market();
        let neighbour = load_postgres(&market, &server.url(), "neighbour").await.unwrap();
        let own = load_postgres(&market, &server.url(), "mainstay_after").await.unwrap();
        drop_postgres(&own).await.unwrap();
        let mut owned = neighbour.connect().await.unwrap();
        let counted = owned.borrow().query("SELECT count(*) FROM properties", &[]).await.unwrap();
        assert_eq!(counted[0].int(0).unwrap(), 2_000);
    }

    #[tokio::test]
    async fn an_unreachable_server_is_one_sentence_without_the_password() {
        let url = "postgres://ann:secret@127.0.0.1:9/homes";
        let message = load_postgres(&market(), url, "mainstay_before").await.unwrap_err().to_string();
        assert!(message.contains("cannot reach the database postgres://ann@127.0.0.1:9/homes"), "{message}");
        assert!(!message.contains("secret") && !message.contains('\n'), "{message}");
        let message = load_postgres(&market(), "nonsense", "mainstay_before").await.unwrap_err().to_string();
        assert!(message.contains("cannot reach the database") && !message.contains('\n'), "{message}");
    }

    #[test]
    fn a_cell_cannot_end_its_row() {
        let mut text = Vec::new();
        write(&Value::from("a\tb\nc\\d\re"), &mut text);
        assert_eq!(text, b"a\\tb\\nc\\\\d\\re");
        text.clear();
        write(&Value::Null, &mut text);
        assert_eq!(text, b"\\N");
    }
}
