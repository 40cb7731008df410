use super::error::StoreError;
use super::row::Row;
use super::value::Value;
use sqlx::{
    Arguments, AssertSqlSafe, ColumnIndex, Decode, PgConnection, Postgres, Sqlite, SqliteConnection, Type,
};

/// A connection to either database, borrowed from whoever pools it. Placeholders are `$1`, `$2` … on both, and
/// sqlx keeps the prepared statement by its text: let values travel as binds.
#[derive(Debug)]
pub enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Connection<'_> {
    /// Every row of the answer.
    ///
    /// # Errors
    ///
    /// The database refused the statement, or a cell is of a type the layer does not know.
    pub async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, StoreError> {
        let rows = match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<Sqlite>(binds, sql)?);
                query.fetch_all(&mut **connection).await.and_then(|rows| rows.iter().map(row_of).collect())
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<Postgres>(binds, sql)?);
                query.fetch_all(&mut **connection).await.and_then(|rows| rows.iter().map(row_of).collect())
            }
        };
        rows.map_err(StoreError::statement(sql))
    }

    /// How many rows the statement changed.
    ///
    /// # Errors
    ///
    /// The database refused the statement.
    pub async fn execute(&mut self, sql: &str, binds: &[Value]) -> Result<u64, StoreError> {
        let changed = match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<Sqlite>(binds, sql)?);
                query.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<Postgres>(binds, sql)?);
                query.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        };
        changed.map_err(StoreError::statement(sql))
    }
}

fn arguments<DB: sqlx::Database>(binds: &[Value], sql: &str) -> Result<DB::Arguments, StoreError>
where
    for<'v> &'v Value: sqlx::Encode<'v, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    arguments.reserve(binds.len(), 0);
    for bind in binds {
        arguments.add(bind).map_err(|fault| StoreError::statement(sql)(sqlx::Error::Encode(fault)))?;
    }
    Ok(arguments)
}

fn row_of<R: sqlx::Row>(row: &R) -> Result<Row, sqlx::Error>
where
    usize: ColumnIndex<R>,
    Value: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    (0..row.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>().map(Row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_testkit::postgres::Postgres as Server;
    use sqlx::Connection as _;

    async fn values_survive_the_way_there_and_back(connection: &mut Connection<'_>) {
        let table = "CREATE TABLE kept (id BIGINT, share DOUBLE PRECISION, name TEXT)";
        connection.execute(table, &[]).await.unwrap();
        let rows = [
            // A null first: its statement must still take an integer, a real and a text afterwards.
            [Value::Null, Value::Null, Value::Null],
            [Value::Int(i64::MIN), Value::Real(-0.25), "O’Connor $1 '".into()],
            [Value::Int(7), Value::Null, "".into()],
        ];
        for row in &rows {
            let added = connection
                .execute("INSERT INTO kept (id, share, name) VALUES ($1, $2, $3)", row)
                .await
                .unwrap();
            assert_eq!(added, 1);
        }
        let kept = connection.query("SELECT id, share, name FROM kept", &[]).await.unwrap();
        assert_eq!(kept, rows.map(|row| Row(row.to_vec())));
        // A placeholder may be used out of order and more than once.
        let found = connection
            .query(
                "SELECT name, count(*) FROM kept WHERE id = $2 OR id = $1 + $2 GROUP BY name",
                &[Value::Int(0), Value::Int(7)],
            )
            .await
            .unwrap();
        assert_eq!(found, [Row(vec!["".into(), Value::Int(1)])]);

        let error = connection.query("SELECT nothing FROM kept", &[]).await.unwrap_err().to_string();
        assert!(error.contains("nothing") && error.contains("SELECT nothing FROM kept"), "{error}");
        let error = found[0].real(0).unwrap_err().to_string();
        assert!(error.contains("column 0 holds text"), "{error}");
        assert!(found[0].narrow::<u8>(9).is_err());
    }

    #[tokio::test]
    async fn sqlite() {
        let mut owned = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        values_survive_the_way_there_and_back(&mut Connection::Sqlite(&mut owned)).await;
    }

    #[tokio::test]
    async fn postgres() {
        let server = Server::start().unwrap();
        let mut owned = PgConnection::connect(&server.url()).await.unwrap();
        let mut connection = Connection::Postgres(&mut owned);
        values_survive_the_way_there_and_back(&mut connection).await;
        let row =
            connection.query("SELECT 1::int4, 2::int2, true, 0.5::float4, 'x'::varchar", &[]).await.unwrap();
        assert_eq!(row[0].values(), [1.into(), 2.into(), 1.into(), 0.5.into(), Value::from("x")]);
        let error = connection.query("SELECT sum(1::bigint)", &[]).await.unwrap_err().to_string();
        assert!(error.contains("cast it to bigint"), "{error}");
    }
}
