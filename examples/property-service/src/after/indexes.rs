use crate::store::{Connection, Database, StoreError};
use mainstay_dbopt::{
    Dialect,
    indexes::{Build, IndexDefinition, PropertySchema},
};

/// Gives the database the catalogue's indexes, what trending reads, and a trigram index for words inside addresses.
///
/// # Errors
///
/// The database cannot be reached or refuses a statement.
pub async fn add_indexes(database: &Database) -> Result<(), StoreError> {
    let dialect = dialect(database);
    let schema = PropertySchema::default().suburb("locality_id").priced_at("day").searched_at("created_day");
    let views = IndexDefinition::on("property_views").column("day").column("property_id").column("views");
    let mut statements: Vec<String> = schema
        .indexes()
        .iter()
        .chain([&views])
        .map(|index| index.create_sql(dialect, Build::Blocking))
        .collect();
    if dialect == Dialect::Sqlite {
        statements.extend([
            // Its own copy of no text: it points into `properties`, whose addresses never change.
            "CREATE VIRTUAL TABLE IF NOT EXISTS address_words \
             USING fts5 (address, content = 'properties', content_rowid = 'id', tokenize = 'trigram')"
                .to_owned(),
            "INSERT INTO address_words (address_words) VALUES ('rebuild')".to_owned(),
        ]);
    }
    let mut connection = database.connect().await?;
    if dialect == Dialect::Postgres {
        statements.push(trigrams(&mut connection.borrow()).await?);
    }
    statements.push("ANALYZE".to_owned());
    for statement in statements {
        connection.borrow().execute(&statement, &[]).await?;
    }
    connection.close().await
}

/// The index of what is in an address, by the extension wherever the database has it, else in the side's own schema: so it
/// goes with the schema.
async fn trigrams(connection: &mut Connection<'_>) -> Result<String, StoreError> {
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm", &[]).await?;
    let found = connection
        .query("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'", &[])
        .await?;
    let schema = found.first().map_or(Ok("public"), |row| row.text(0))?;
    Ok(format!(
        "CREATE INDEX IF NOT EXISTS properties_address_words ON properties USING gin (lower(address) {schema}.gin_trgm_ops)"
    ))
}

pub(super) fn dialect(database: &Database) -> Dialect {
    match database {
        Database::Sqlite(_) => Dialect::Sqlite,
        Database::Postgres { .. } => Dialect::Postgres,
    }
}
