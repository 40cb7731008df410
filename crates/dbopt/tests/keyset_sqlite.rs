#![allow(clippy::unwrap_used, missing_docs)]
//! Pages walked on a real SQLite are the list, whatever the order, the page size and the direction.

mod lists;

use lists::{Action, List, Row, orders, rows};
use mainstay_dbopt::{
    Dialect,
    keyset::{BaseQuery, ColumnType, Form, KeyColumn, Keyset, KeysetError, Order, Page, PageQuery, Position},
};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Row as _, SqlitePool, sqlite::SqliteRow};

async fn database() -> SqlitePool {
    let pool =
        sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, a INTEGER NOT NULL, n INTEGER, f REAL NOT NULL, s TEXT)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool
}

async fn insert(pool: &SqlitePool, row: &Row) {
    sqlx::query("INSERT INTO t (id, code, a, n, f, s) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .bind(row.id)
        .bind(format!("c{}", row.id))
        .bind(row.a)
        .bind(row.n)
        .bind(row.f)
        .bind(&row.s)
        .execute(pool)
        .await
        .unwrap();
}

async fn fetch(pool: &SqlitePool, query: &PageQuery) -> Page<SqliteRow> {
    let mut bound = sqlx::query(AssertSqlSafe(query.sql())).bind(0_i64);
    for bind in query.binds() {
        bound = bound.bind(bind);
    }
    let rows = bound.fetch_all(pool).await.unwrap();
    query.page(rows, |row, column| row.try_get::<Option<String>, _>(column)).unwrap()
}

struct Sqlite {
    pool: SqlitePool,
    keyset: Keyset,
    base: BaseQuery,
}

impl List for Sqlite {
    async fn page(&self, position: &Position, size: u32) -> Page<i64> {
        let query = self.keyset.page(&self.base, position, size).unwrap();
        fetch(&self.pool, &query).await.map(|row| row.get("id"))
    }

    async fn insert(&self, row: &Row) {
        insert(&self.pool, row).await;
    }

    async fn delete(&self, id: i64) {
        sqlx::query("DELETE FROM t WHERE id = ?1").bind(id).execute(&self.pool).await.unwrap();
    }
}

/// The ids in the order SQLite itself gives them, and the list to walk.
async fn list(order_by: &str, order: Order, rows: &[Row]) -> (Vec<i64>, Sqlite) {
    let pool = database().await;
    for row in rows {
        insert(&pool, row).await;
    }
    // An OR in the filter: what a page adds must not bind to its last branch alone.
    let base = BaseQuery::new("id, 'x' AS a", "t").filter("a <> -99 OR id < ?1");
    let all = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM t ORDER BY {order_by}")));
    let ids = all.fetch_all(&pool).await.unwrap();
    (ids, Sqlite { pool, keyset: Keyset::new(Dialect::Sqlite, order), base })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn pages_make_up_the_list(rows in rows(12), actions in prop::collection::vec(any::<Action>(), 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for (order_by, order) in orders() {
                let (ids, list) = list(order_by, order, &rows).await;
                for size in 1..=rows.len() as u32 + 1 {
                    lists::walk(order_by, &list, &ids, size).await;
                }
                lists::walk_while_changing(order_by, &list, &ids, 2, &actions).await;
            }
        });
    }
}

#[tokio::test]
async fn a_float_comes_back_the_same_from_its_text_or_is_refused() {
    let pool = database().await;
    let mut rng = fastrand::Rng::with_seed(7);
    let order = Order::new([
        KeyColumn::asc("x", ColumnType::Float),
        KeyColumn::asc("id", ColumnType::Integer).unique(),
    ]);
    let keyset = Keyset::new(Dialect::Sqlite, order.unwrap());
    let specials = [0.0, -0.0, 0.1 + 0.2, f64::MAX, 5e-324, f64::INFINITY, f64::NEG_INFINITY, 1e15 + 0.3];
    let (mut exact, mut refused) = (0, 0);
    for index in 0..3000 {
        let any = if index % 2 == 0 {
            f64::from_bits(rng.u64(..))
        } else {
            rng.f64() * 10_f64.powi(rng.i32(-4..=15))
        };
        let value = specials.get(index).copied().unwrap_or(any);
        if value.is_nan() {
            continue;
        }
        // Two rows with the same float: after the first comes the second, and not the first again.
        let base = BaseQuery::new("id", "(SELECT 1 AS id, ?1 AS x UNION ALL SELECT 2, ?1)");
        let first = keyset.page(&base, &Position::Start, 1).unwrap();
        let rows = sqlx::query(AssertSqlSafe(first.sql())).bind(value).fetch_all(&pool).await.unwrap();
        let page = first.page(rows, |row, column| row.try_get::<Option<String>, _>(column)).unwrap();
        let second = match keyset.page(&base, &page.next.unwrap(), 1) {
            Ok(second) => second,
            Err(error) => {
                assert_eq!(error, KeysetError::Inexact { column: "x".into() });
                assert!(!(1e-5..=1e15).contains(&value.abs()) && value != 0.0, "{value:e} is refused");
                refused += 1;
                continue;
            }
        };
        let mut bound = sqlx::query(AssertSqlSafe(second.sql())).bind(value);
        for bind in second.binds() {
            bound = bound.bind(bind);
        }
        let ids: Vec<i64> = bound.fetch_all(&pool).await.unwrap().iter().map(|row| row.get("id")).collect();
        assert_eq!(ids, [2], "{value:e} as {:?}", second.binds());
        exact += 1;
    }
    assert!(exact > 2000 && refused > 0, "{exact} exact, {refused} refused");
}

#[tokio::test]
async fn deep_pages_seek_by_the_index_and_sort_nothing() {
    let pool = database().await;
    sqlx::raw_sql(
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50000)
         INSERT INTO t SELECT i, 'c' || i, i % 50, CASE WHEN i % 5 > 0 THEN (i * 7919) % 1000 END, i / 7.0, 's' || (i % 90) FROM c",
    )
    .execute(&pool)
    .await
    .unwrap();
    for (order_by, order) in orders() {
        let keyset = Keyset::new(Dialect::Sqlite, order);
        let index = keyset.index("t", &[]);
        let ddl = [keyset.index_ddl("t", &[]), "ANALYZE".into()];
        for statement in ddl {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        }
        let base = BaseQuery::new("id", "t");
        let middle = format!("SELECT id FROM t ORDER BY {order_by} LIMIT 1 OFFSET 30000");
        let middle: i64 = sqlx::query_scalar(AssertSqlSafe(middle)).fetch_one(&pool).await.unwrap();
        let at = keyset.page(&base.clone().filter("id = ?1"), &Position::Start, 1).unwrap();
        let row = sqlx::query(AssertSqlSafe(at.sql())).bind(middle).fetch_one(&pool).await.unwrap();
        let values: Vec<Option<String>> =
            at.key_columns().iter().map(|name| row.get(name.as_str())).collect();
        for position in
            [Position::Start, Position::End, Position::After(values.clone()), Position::Before(values)]
        {
            let query = keyset.page(&base, &position, 20).unwrap();
            let mut explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", query.sql())));
            for bind in query.binds() {
                explain = explain.bind(bind);
            }
            let plan: Vec<String> =
                explain.fetch_all(&pool).await.unwrap().iter().map(|row| row.get("detail")).collect();
            let text = format!("{order_by} {position:?}\n{}\n{plan:#?}", query.sql());
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{text}");
            for step in plan.iter().filter(|step| step.starts_with("SEARCH") || step.starts_with("SCAN")) {
                let seeks = step.starts_with("SEARCH") || query.form() == Form::FromEnd;
                let by_index = step.contains("INDEX")
                    || step.contains("PRIMARY KEY")
                    || step == "SCAN t" && order_by == "id";
                assert!(seeks && by_index, "{text}");
            }
        }
        let drop = index.drop_sql(Dialect::Sqlite, mainstay_dbopt::indexes::Build::Blocking);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }
}
