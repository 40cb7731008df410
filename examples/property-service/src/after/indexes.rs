use crate::store::{Database, StoreError};
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
    if dialect == Dialect::Postgres {
        statements.extend([
            "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public".to_owned(),
            "CREATE INDEX IF NOT EXISTS properties_address_words ON properties \
             USING gin (lower(address) public.gin_trgm_ops)"
                .to_owned(),
        ]);
    } else {
        statements.extend([
            // Its own copy of no text: it points into `properties`, whose addresses never change.
            "CREATE VIRTUAL TABLE IF NOT EXISTS address_words \
             USING fts5 (address, content = 'properties', content_rowid = 'id', tokenize = 'trigram')"
                .to_owned(),
            "INSERT INTO address_words (address_words) VALUES ('rebuild')".to_owned(),
        ]);
    }
    statements.push("ANALYZE".to_owned());
    let mut connection = database.connect().await?;
    for statement in statements {
        connection.borrow().execute(&statement, &[]).await?;
    }
    connection.close().await
}

pub(super) fn dialect(database: &Database) -> Dialect {
    match database {
        Database::Sqlite(_) => Dialect::Sqlite,
        Database::Postgres { .. } => Dialect::Postgres,
    }
}
