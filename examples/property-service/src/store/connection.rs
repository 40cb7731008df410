use super::error::StoreError;
use super::row::Row;
use super::value::Value;
use sqlx::{
    Arguments, AssertSqlSafe, ColumnIndex, Decode, PgConnection, Postgres, Row as _, Sqlite,
    SqliteConnection, Type,
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
