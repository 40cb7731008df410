#![allow(clippy::unwrap_used, missing_docs)]
//! On a real PostgreSQL: pages are the list, deep pages seek, every DDL is accepted, every fix makes what it says.

mod lists;

use lists::{Action, List, Row, orders, rows};
use mainstay_dbopt::{
    Dialect,
    indexes::{Build, IndexDefinition, PropertySchema},
    keyset::{BaseQuery, ColumnType, Form, KeyColumn, Keyset, Order, Page, PageQuery, Position},
    query::QueryAnalyzer,
};
use mainstay_testkit::postgres::Postgres;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _, postgres::PgRow};
use tokio::sync::Mutex;

async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await {
        panic!("{sql}: {error}");
    }
}

const TABLE: &str = "CREATE TABLE t (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, a int NOT NULL, n smallint, \
                     f double precision NOT NULL, s varchar)";

async fn insert(connection: &mut PgConnection, row: &Row) {
    sqlx::query("INSERT INTO t (id, code, a, n, f, s) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(row.id)
        .bind(format!("c{}", row.id))
        .bind(row.a as i32)
        .bind(row.n.map(|n| n as i16))
        .bind(row.f)
        .bind(&row.s)
        .execute(connection)
        .await
        .unwrap();
}

/// Runs a page's query whose base query has one bind of its own, a bigint.
async fn fetch(connection: &mut PgConnection, query: &PageQuery, own: i64) -> Page<PgRow> {
    let mut bound = sqlx::query(AssertSqlSafe(query.sql())).bind(own);
    for bind in query.binds() {
        bound = bound.bind(bind);
    }
    let rows = match bound.fetch_all(connection).await {
        Ok(rows) => rows,
        Err(error) => panic!("{}: {error}", query.sql()),
    };
    query.page(rows, |row, column| row.try_get::<Option<String>, _>(column)).unwrap()
}

struct Server<'c> {
    connection: Mutex<&'c mut PgConnection>,
    keyset: Keyset,
    base: BaseQuery,
}

impl List for Server<'_> {
    async fn page(&self, position: &Position, size: u32) -> Page<i64> {
        let query = self.keyset.page(&self.base, position, size).unwrap();
        fetch(*self.connection.lock().await, &query, 0).await.map(|row| row.get("id"))
    }

    async fn insert(&self, row: &Row) {
        insert(*self.connection.lock().await, row).await;
    }

    async fn delete(&self, id: i64) {
        let mut connection = self.connection.lock().await;
        sqlx::query("DELETE FROM t WHERE id = $1").bind(id).execute(&mut **connection).await.unwrap();
    }
}

#[tokio::test]
async fn pages_make_up_the_list() {
    let server = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    run(&mut connection, TABLE).await;
    // The same lists in every run: what they hold is printed where one fails.
    let mut runner = TestRunner::deterministic();
    for round in 0..4 {
        let rows = rows(3 * round + 3).new_tree(&mut runner).unwrap().current();
        let actions = proptest::collection::vec(proptest::arbitrary::any::<Action>(), 5);
        let actions = actions.new_tree(&mut runner).unwrap().current();
        for (order_by, order) in orders() {
            run(&mut connection, "TRUNCATE t").await;
            for row in &rows {
                insert(&mut connection, row).await;
            }
            let all = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM t ORDER BY {order_by}")));
            let ids: Vec<i64> = all.fetch_all(&mut connection).await.unwrap();
            let list = Server {
                connection: Mutex::new(&mut connection),
                keyset: Keyset::new(Dialect::Postgres, order),
                base: BaseQuery::new("id, 'x' AS a", "t").filter("a <> -99 OR id < $1"),
            };
            for size in 1..=rows.len() as u32 + 1 {
                lists::walk(order_by, &list, &ids, size).await;
            }
            lists::walk_while_changing(order_by, &list, &ids, 2, &actions).await;
        }
    }
}

#[tokio::test]
async fn every_type_comes_back_the_same_from_its_text() {
    let server = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    run(&mut connection, "CREATE TYPE mood AS ENUM ('low', 'high')").await;
    let cases = [
        (ColumnType::Integer, "9223372036854775807::bigint"),
        (ColumnType::Integer, "7::smallint"),
        (ColumnType::Float, "0.1::double precision + 0.2"),
        (ColumnType::Float, "'-infinity'::double precision"),
        (ColumnType::Numeric, "12345678901234567890.123456789012345678901"),
        (ColumnType::Text, "E'it''s \\\\ \\n % é'"),
        (ColumnType::Boolean, "true"),
        (ColumnType::Date, "date '2024-02-29'"),
        (ColumnType::Timestamp, "timestamp '2024-02-29 23:59:59.123456'"),
        (ColumnType::TimestampTz, "timestamptz '2024-02-29 23:59:59.123457+09:30'"),
        (ColumnType::Uuid, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"),
        (ColumnType::Other("mood"), "'high'::mood"),
    ];
    for (kind, value) in cases {
        // Two rows with the same value: after the first comes the second, and not the first again.
        let order =
            Order::new([KeyColumn::desc("x", kind), KeyColumn::desc("id", ColumnType::Integer).unique()]);
        let keyset = Keyset::new(Dialect::Postgres, order.unwrap());
        let base =
            BaseQuery::new("id", format!("(SELECT i AS id, {value} AS x FROM generate_series(1, 2) i) s"));
        let base = base.filter("id > $1");
        let first = keyset.page(&base, &Position::Start, 1).unwrap();
        let page = fetch(&mut connection, &first, 0).await;
        let second = keyset.page(&base, &page.next.unwrap(), 1).unwrap();
        let page = fetch(&mut connection, &second, 0).await;
        let ids: Vec<i32> = page.rows.iter().map(|row| row.get("id")).collect();
        assert_eq!((ids, page.next), (vec![1], None), "{value} as {:?}", second.binds());
    }
}

/// Every node of a plan.
fn nodes<'p>(plan: &'p serde_json::Value, all: &mut Vec<&'p serde_json::Value>) {
    all.push(plan);
    for child in plan["Plans"].as_array().into_iter().flatten() {
        nodes(child, all);
    }
}

#[tokio::test]
async fn deep_pages_seek_by_the_index_and_sort_a_few_rows_at_most() {
    let server = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    run(&mut connection, TABLE).await;
    run(
        &mut connection,
        "INSERT INTO t SELECT i, 'c' || i, i % 50, CASE WHEN i % 5 > 0 THEN (i * 7919::bigint) % 1000 END, i / 7.0, \
         's' || (i % 90) FROM generate_series(1, 50000) i",
    )
    .await;
    for (order_by, order) in orders() {
        let keyset = Keyset::new(Dialect::Postgres, order);
        run(&mut connection, keyset.index_ddl("t", &[])).await;
        run(&mut connection, "VACUUM ANALYZE t").await;
        let middle = format!("SELECT id FROM t ORDER BY {order_by} LIMIT 1 OFFSET 30000");
        let middle: i64 = sqlx::query_scalar(AssertSqlSafe(middle)).fetch_one(&mut connection).await.unwrap();
        let base = BaseQuery::new("id", "t");
        let at = keyset.page(&base.clone().filter("id = $1"), &Position::Start, 1).unwrap();
        let row = fetch(&mut connection, &at, middle).await.rows.remove(0);
        let values: Vec<Option<String>> =
            at.key_columns().iter().map(|name| row.get(name.as_str())).collect();
        for position in
            [Position::Start, Position::End, Position::After(values.clone()), Position::Before(values)]
        {
            let query = keyset.page(&base, &position, 20).unwrap();
            let sql = format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", query.sql());
            let mut explain = sqlx::query_scalar::<_, serde_json::Value>(AssertSqlSafe(sql));
            for bind in query.binds() {
                explain = explain.bind(bind);
            }
            let plan = explain.fetch_one(&mut connection).await.unwrap();
            let text = format!("{order_by} {position:?}\n{}\n{plan:#}", query.sql());
            let mut all = Vec::new();
            nodes(&plan[0]["Plan"], &mut all);
            for node in all {
                let name = node["Node Type"].as_str().unwrap();
                assert_ne!(name, "Seq Scan", "{text}");
                // No node of any plan, a sort's input included, sees more than a few pages of the 50,000 rows.
                assert!(node["Actual Rows"].as_f64().unwrap() <= 3.0 * 21.0, "{text}");
                assert_eq!(node["Rows Removed by Filter"].as_i64().unwrap_or(0), 0, "{text}");
                if query.form() != Form::Split {
                    assert!(!name.contains("Sort"), "{text}");
                }
                if name.contains("Index") {
                    assert!(query.form() == Form::FromEnd || node["Index Cond"].is_string(), "{text}");
                }
            }
        }
        let index = keyset.index("t", &[]);
        run(&mut connection, index.drop_sql(Dialect::Postgres, Build::Concurrent)).await;
    }
}

#[tokio::test]
async fn the_catalogue_and_its_undo_are_accepted() {
    let server = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    run(
        &mut connection,
        "CREATE TABLE properties (id bigint PRIMARY KEY, locality_id bigint, address text, kind text, bedrooms int, \
         bathrooms int, car_spaces int, land_m2 int, price bigint, latitude float8, longitude float8, version bigint, \
         deleted_at timestamptz);
         CREATE TABLE price_history (id bigint PRIMARY KEY, property_id bigint, day date, price bigint);
         CREATE TABLE listings (id bigint PRIMARY KEY, property_id bigint, source text, listed_day date);
         CREATE TABLE searches (id bigint PRIMARY KEY, user_id bigint, text text, created_day date)",
    )
    .await;
    let schema = PropertySchema::default().suburb("locality_id").priced_at("day").searched_at("created_day");
    for build in [Build::Blocking, Build::Concurrent] {
        for index in schema.indexes() {
            run(&mut connection, index.create_sql(Dialect::Postgres, build)).await;
        }
        let count =
            "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%pkey'";
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.unwrap(), 9);
        let covering: String =
            sqlx::query_scalar("SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%INCLUDE%'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert!(covering.ends_with("(locality_id) INCLUDE (price, address)"), "{covering}");
        for index in schema.indexes() {
            run(&mut connection, index.drop_sql(Dialect::Postgres, build)).await;
        }
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.unwrap(), 0);
    }
    run(&mut connection, r#"CREATE SCHEMA "My ""Schema"; CREATE TABLE "My ""Schema"."Order" ("select" int)"#)
        .await;
    let quoted = IndexDefinition::on("Order").in_schema("My \"Schema").column_desc("select").unique();
    for build in [Build::Blocking, Build::Concurrent] {
        run(&mut connection, quoted.create_sql(Dialect::Postgres, build)).await;
        run(&mut connection, quoted.drop_sql(Dialect::Postgres, build)).await;
    }
}

#[tokio::test]
async fn the_fixes_of_rules_are_accepted_and_taken_back() {
    let server = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    run(&mut connection, "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, nick text)").await;
    let analyzer = QueryAnalyzer::new(Dialect::Postgres);
    let mut texts = vec![
        "SELECT id FROM users WHERE lower(name) = $1",
        "SELECT u.id FROM users u WHERE coalesce(u.nick, u.name) = $1",
        "SELECT id FROM users WHERE replace(upper(name), ' ', '') = $1 AND length(nick) > 3",
    ];
    // The trigram index needs an extension that not every server has at hand.
    let has_trigrams = "SELECT count(*) > 0 FROM pg_available_extensions WHERE name = 'pg_trgm'";
    if sqlx::query_scalar::<_, bool>(has_trigrams).fetch_one(&mut connection).await.unwrap() {
        run(&mut connection, "CREATE EXTENSION pg_trgm").await;
        texts.push("SELECT id FROM users WHERE name ILIKE '%x%'");
    }
    for text in texts {
        let report = analyzer.analyze(text);
        assert!(!report.findings.is_empty(), "{text}");
        for finding in report.findings {
            let fix = finding.fix.unwrap();
            run(&mut connection, fix.sql).await;
            let count =
                "SELECT count(*) FROM pg_indexes WHERE tablename = 'users' AND indexname <> 'users_pkey'";
            assert_eq!(
                sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.unwrap(),
                1,
                "{text}"
            );
            run(&mut connection, fix.undo_sql).await;
        }
    }
}
