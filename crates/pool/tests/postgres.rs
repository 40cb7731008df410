//! The pool on a real PostgreSQL.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use mainstay_pool::managers::postgres::{PostgresManager, session_variables, statement_cache};
use mainstay_pool::{Pool, PoolConfig, Replicated, Role};
use mainstay_testkit::postgres::Postgres;
use sqlx::{Connection, Executor, PgConnection};

fn pool(server: &Postgres, manager: fn(PostgresManager) -> PostgresManager) -> Pool<PostgresManager> {
    let manager = manager(PostgresManager::new(server.url().parse().unwrap()));
    Pool::new("app", manager, PoolConfig::testing().min(0).max(1).check_after(Duration::ZERO)).unwrap()
}

async fn process(connection: &mut PgConnection) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await.unwrap()
}

async fn create(connection: &mut PgConnection, table: &str) {
    connection.execute(sqlx::AssertSqlSafe(format!("DROP TABLE IF EXISTS {table}"))).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE TABLE {table} (page text)"))).await.unwrap();
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(text).fetch_one(connection).await.unwrap()
}

/// Polls until the pool has its one connection back.
async fn returned(pool: &Pool<PostgresManager>) {
    let returned = async {
        while pool.status().in_use > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), returned).await.expect("the reset ends");
}

#[tokio::test]
async fn a_transaction_opened_by_a_bare_begin_is_rolled_back_on_return() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    let mut held = pool.get().await.unwrap();
    create(&mut held, "bare_begin").await;
    held.execute("BEGIN").await.unwrap();
    held.execute("INSERT INTO bare_begin VALUES ('/')").await.unwrap();
    let before = process(&mut held).await;
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_eq!(count(&mut next, "bare_begin").await, 0);
    assert_eq!(process(&mut next).await, before, "the connection was kept");
}

#[tokio::test]
async fn a_failed_transaction_is_rolled_back_on_return() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    let mut held = pool.get().await.unwrap();
    let before = process(&mut held).await;
    held.execute("BEGIN").await.unwrap();
    held.execute("SELECT 1 / 0").await.unwrap_err();
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_eq!(process(&mut next).await, before, "usable, and the same connection");
}

#[tokio::test]
async fn a_dropped_transaction_gives_its_locks_up_although_nobody_takes_the_connection() {
    let server = Postgres::start().unwrap();
    for manager in
        [|manager: PostgresManager| manager, |manager: PostgresManager| manager.always_reset(false)]
    {
        let pool = pool(&server, manager);
        let mut held = pool.get().await.unwrap();
        create(&mut held, "dropped_transaction").await;
        let mut transaction = held.begin().await.unwrap();
        transaction.execute("LOCK TABLE dropped_transaction").await.unwrap();
        drop(transaction);
        drop(held);
        returned(&pool).await;
        let mut other = PgConnection::connect(&server.url()).await.unwrap();
        other
            .execute("BEGIN; LOCK TABLE dropped_transaction NOWAIT; COMMIT")
            .await
            .expect("the lock is gone");
    }
}

// In sqlx 0.9 a `begin()` dropped on its way leaves the transaction open, and sqlx does not know of it.
#[tokio::test]
async fn a_cancelled_begin_leaves_no_transaction_to_the_next_caller() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    let mut held = pool.get().await.unwrap();
    create(&mut held, "cancelled_begin").await;
    let begin = tokio::time::timeout(Duration::ZERO, async {
        let _ = futures::poll!(std::pin::pin!(held.begin()));
        std::future::pending::<()>().await;
    });
    assert!(begin.await.is_err());
    drop(held);
    pool.get().await.unwrap().execute("INSERT INTO cancelled_begin VALUES ('/')").await.unwrap();
    let mut other = PgConnection::connect(&server.url()).await.unwrap();
    assert_eq!(count(&mut other, "cancelled_begin").await, 1, "the next caller's write is committed");
}

/// Asking whether a transaction is open must not be noticed: what the session listens to, has prepared and has set survives it.
#[tokio::test]
async fn the_question_after_a_return_changes_nothing() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    let mut held = pool.get().await.unwrap();
    held.execute("LISTEN jobs; PREPARE one AS SELECT 1; SET work_mem = '7MB'").await.unwrap();
    let before = process(&mut held).await;
    for _ in 0..20 {
        drop(held);
        returned(&pool).await;
        held = pool.get().await.unwrap();
    }
    let state: (String, i64, String) = sqlx::query_as(
        "SELECT (SELECT string_agg(channel, ',') FROM pg_listening_channels() AS channel),
            (SELECT count(*) FROM pg_prepared_statements WHERE name = 'one'), current_setting('work_mem')",
    )
    .fetch_one(&mut *held)
    .await
    .unwrap();
    assert_eq!((state.0.as_str(), state.1, state.2.as_str()), ("jobs", 1, "7MB"));
    assert_eq!(process(&mut held).await, before);
}

#[tokio::test]
async fn a_connection_with_a_forgotten_transaction_is_closed() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager.always_reset(false));
    let mut held = pool.get().await.unwrap();
    let before = process(&mut held).await;
    std::mem::forget(held.begin().await.unwrap());
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_ne!(process(&mut next).await, before);
    assert!(!next.is_in_transaction());
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_replaced_by_the_check() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    let before = process(&mut pool.get().await.unwrap()).await;
    returned(&pool).await;
    let mut other = PgConnection::connect(&server.url()).await.unwrap();
    let ended: bool = sqlx::query_scalar("SELECT pg_terminate_backend($1)")
        .bind(before)
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert!(ended);
    assert_ne!(process(&mut pool.get().await.unwrap()).await, before);
}

/// Row-level security by session variables: set for one checkout, gone before the next.
#[tokio::test]
async fn a_tenant_sees_its_own_rows_and_nobody_inherits_its_variables() {
    let server = Postgres::start().unwrap();
    let mut owner = PgConnection::connect(&server.url()).await.unwrap();
    owner
        .execute(
            "DROP TABLE IF EXISTS invoices; DROP ROLE IF EXISTS tenants; CREATE ROLE tenants;
             CREATE TABLE invoices (tenant text NOT NULL);
             INSERT INTO invoices VALUES ('7'), ('7'), ('8');
             ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
             CREATE POLICY own ON invoices USING (tenant = current_setting('app.tenant', true));
             GRANT SELECT ON invoices TO tenants;",
        )
        .await
        .unwrap();
    let manager = PostgresManager::new(server.url().parse().unwrap()).forget_variables(["app.tenant"]);
    let pool = Pool::builder("app", manager, PoolConfig::testing().min(0).max(1))
        .after_connect(|connection| {
            Box::pin(async move {
                connection.execute("SET ROLE tenants; SET app.service = 'billing'").await.map(drop)
            })
        })
        .build()
        .unwrap();
    let mut processes = Vec::new();
    for (tenant, invoices) in [("7", 2), ("8", 1), ("9", 0)] {
        let mut held = pool.get_prepared(session_variables([("app.tenant", tenant)])).await.unwrap();
        assert_eq!(count(&mut held, "invoices").await, invoices, "tenant {tenant}");
        processes.push(process(&mut held).await);
        drop(held);
        let mut nobody = pool.get().await.unwrap();
        assert_eq!(count(&mut nobody, "invoices").await, 0, "after tenant {tenant}");
    }
    processes.dedup();
    assert_eq!(processes.len(), 1, "all of it on one connection");
}

#[tokio::test]
async fn a_preparation_that_the_server_refuses_costs_one_connection_and_not_the_idle_ones() {
    let server = Postgres::start().unwrap();
    let config = PoolConfig::testing().min(2).max(2).acquire_timeout(Duration::from_secs(1));
    let pool = Pool::new("app", PostgresManager::new(server.url().parse().unwrap()), config).unwrap();
    pool.warm().await.unwrap();
    let mut other = pool.get().await.unwrap();
    let kept = process(&mut other).await;
    let refused = pool
        .get_prepared(|connection| {
            Box::pin(async move { connection.execute("SELECT nonsense").await.map(drop) })
        })
        .await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("nonsense"), "{text}");
    assert_eq!(process(&mut other).await, kept);
}

/// A variable set for a transaction that is rolled back on return would come back if it were reset before.
#[tokio::test]
async fn a_variable_is_forgotten_even_if_a_transaction_is_left_open() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager.always_reset(false).forget_variables(["app.tenant"]));
    let shown = "SELECT coalesce(current_setting('app.tenant', true), '')";
    let mut held =
        pool.get_prepared(session_variables([("app.tenant", "7'; DROP TABLE x; --")])).await.unwrap();
    let before = process(&mut held).await;
    let value: String = sqlx::query_scalar(shown).fetch_one(&mut *held).await.unwrap();
    assert_eq!(value, "7'; DROP TABLE x; --");
    held.execute("BEGIN").await.unwrap();
    held.execute("SET LOCAL app.tenant = '8'").await.unwrap();
    drop(held);
    let mut next = pool.get().await.unwrap();
    let value: String = sqlx::query_scalar(shown).fetch_one(&mut *next).await.unwrap();
    assert_eq!((value.as_str(), process(&mut next).await), ("", before));
}

#[tokio::test]
async fn the_statements_that_connections_keep_are_counted() {
    let server = Postgres::start().unwrap();
    let pool = pool(&server, |manager| manager);
    assert_eq!(statement_cache(&pool).connections, 0);
    let mut held = pool.get().await.unwrap();
    for statement in ["SELECT 1", "SELECT 2", "SELECT 1"] {
        sqlx::query(statement).execute(&mut *held).await.unwrap();
    }
    drop(held);
    returned(&pool).await;
    let cache = statement_cache(&pool);
    assert_eq!((cache.connections, cache.statements, cache.largest), (1, 2, 2));
    assert_eq!(pool.status().idle, 1, "the connection lies where it lay");
}

#[tokio::test]
async fn a_server_says_whether_it_is_the_primary_and_of_which_timeline() {
    let server = Postgres::start().unwrap();
    let manager = PostgresManager::new(server.url().parse().unwrap());
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    assert_eq!(manager.role(&mut connection).await.unwrap(), Role::Primary { term: 1 });
    let error = connection.execute("BEGIN READ ONLY; CREATE TABLE refused (id int)").await.unwrap_err();
    assert!(manager.is_read_only(&error) && !manager.is_read_only(&sqlx::Error::WorkerCrashed), "{error}");
}
