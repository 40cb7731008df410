#![allow(clippy::unwrap_used, missing_docs)]
//! Every DDL the crate writes for SQLite is one SQLite accepts, and means what it says.

use mainstay_dbopt::{
    Dialect,
    indexes::{Build, IndexDefinition, PropertySchema},
    query::QueryAnalyzer,
};
use sqlx::{AssertSqlSafe, SqlitePool};

async fn database(schema: &'static str) -> SqlitePool {
    let pool =
        sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    pool
}

async fn run(pool: &SqlitePool, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(|_| ())
}

async fn indexes(pool: &SqlitePool) -> i64 {
    let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    sqlx::query_scalar(count).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_catalogue_and_its_undo_are_accepted() {
    let pool = database(
        "CREATE TABLE properties (id INTEGER PRIMARY KEY, suburb TEXT, address TEXT, price INTEGER, latitude REAL, longitude REAL, deleted_at TEXT);
         CREATE TABLE price_history (id INTEGER PRIMARY KEY, property_id INTEGER, created_at TEXT, price INTEGER);
         CREATE TABLE listings (id INTEGER PRIMARY KEY, property_id INTEGER, source TEXT);
         CREATE TABLE searches (id INTEGER PRIMARY KEY, user_id INTEGER, created_at TEXT)",
    )
    .await;
    let catalogue = PropertySchema::default().indexes();
    for _twice in 0..2 {
        for index in &catalogue {
            run(&pool, &index.create_sql(Dialect::Sqlite, Build::Concurrent)).await.unwrap();
        }
        assert_eq!(indexes(&pool).await, 9);
    }
    let plan = "EXPLAIN QUERY PLAN SELECT price, address FROM properties WHERE suburb = 'x'";
    let (.., plan): (i64, i64, i64, String) = sqlx::query_as(plan).fetch_one(&pool).await.unwrap();
    assert!(plan.contains("COVERING INDEX properties_suburb_with_price_address_idx"), "{plan}");
    for index in &catalogue {
        run(&pool, &index.drop_sql(Dialect::Sqlite, Build::Concurrent)).await.unwrap();
    }
    assert_eq!(indexes(&pool).await, 0);
}

#[tokio::test]
async fn a_misspelt_column_is_an_error_and_not_a_string() {
    let pool = database("CREATE TABLE `my ``table` (`select` INTEGER, b TEXT)").await;
    let on = || IndexDefinition::on("my `table").in_schema("main");
    run(&pool, &on().column("select").column_desc("b").create_sql(Dialect::Sqlite, Build::Blocking))
        .await
        .unwrap();
    let error =
        run(&pool, &on().column("selekt").create_sql(Dialect::Sqlite, Build::Blocking)).await.unwrap_err();
    assert!(error.to_string().contains("selekt"), "{error}");
}

#[tokio::test]
async fn the_fixes_of_rules_are_accepted_used_and_taken_back() {
    let pool = database("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, nick TEXT)").await;
    for text in [
        "SELECT id FROM users WHERE lower(name) = 'x'",
        "SELECT u.id FROM users u WHERE coalesce(u.nick, u.name) = 'x'",
        "DELETE FROM users WHERE length(upper(name)) = 5",
    ] {
        let report = QueryAnalyzer::new(Dialect::Sqlite).analyze(text);
        assert_eq!(report.findings.len(), 1, "{text}");
        for finding in report.findings {
            let fix = finding.fix.unwrap();
            run(&pool, &fix.sql).await.unwrap();
            let plan = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
            let (.., plan): (i64, i64, i64, String) = plan.fetch_one(&pool).await.unwrap();
            assert!(plan.starts_with("SEARCH") && plan.contains("INDEX users_"), "{}: {plan}", fix.sql);
            run(&pool, &fix.undo_sql).await.unwrap();
            assert_eq!(indexes(&pool).await, 0);
        }
    }
}
