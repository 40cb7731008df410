//! A PostgreSQL server that a test owns: start, databases, pause, kill, restart.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::StartError;
use mainstay_testkit::postgres::Postgres;
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::time::timeout;

async fn one(connection: &mut PgConnection, query: &'static str) -> sqlx::Result<i64> {
    sqlx::query_scalar(query).fetch_one(connection).await
}

async fn run(connection: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

#[tokio::test]
async fn answers_once_started_and_the_user_is_superuser() {
    let postgres = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    assert_eq!(one(&mut connection, "SELECT 42::bigint").await.unwrap(), 42);
    run(&mut connection, "ALTER SYSTEM SET work_mem = '8MB'").await;
    let version = one(&mut connection, "SELECT current_setting('server_version_num')::bigint").await.unwrap();
    assert!(version >= 150_000, "{version}");
}

#[tokio::test]
async fn two_servers_are_strangers() {
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(Postgres::start);
        let second = scope.spawn(Postgres::start);
        (first.join().unwrap().unwrap(), second.join().unwrap().unwrap())
    });
    assert_ne!(first.port(), second.port());
    let mut connection = PgConnection::connect(&first.url()).await.unwrap();
    run(&mut connection, "CREATE TABLE suburb (name text)").await;
    let mut stranger = PgConnection::connect(&second.url()).await.unwrap();
    let query = "SELECT count(*) FROM pg_class WHERE relname = 'suburb'";
    assert_eq!(one(&mut connection, query).await.unwrap(), 1);
    assert_eq!(one(&mut stranger, query).await.unwrap(), 0);
    first.kill();
    assert_eq!(one(&mut stranger, "SELECT 1::bigint").await.unwrap(), 1);
}

#[tokio::test]
async fn a_created_database_is_empty_and_its_name_may_be_anything() {
    let postgres = Postgres::start().unwrap();
    let plain = postgres.create_database("orders").unwrap();
    let odd = postgres.create_database("Größe \"100%\"/?").unwrap();
    for url in [plain, odd] {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        run(&mut connection, "CREATE TABLE suburb (name text)").await;
    }
    let error = postgres.create_database("orders").unwrap_err();
    assert!(matches!(error, StartError::Ended { program: "psql", .. }), "{error}");
    assert!(error.to_string().contains("database \"orders\" already exists"), "{error}");
}

#[tokio::test]
async fn a_paused_server_is_silent_and_answers_late() {
    let postgres = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    assert_eq!(one(&mut connection, "SELECT 1::bigint").await.unwrap(), 1);
    postgres.pause();
    let mut question = Box::pin(one(&mut connection, "SELECT 2::bigint"));
    let newcomer = timeout(Duration::from_millis(200), PgConnection::connect(&postgres.url()));
    assert!(newcomer.await.is_err(), "a paused server greeted a new connection");
    assert!(timeout(Duration::from_millis(200), &mut question).await.is_err(), "a paused backend answered");

    postgres.resume();
    assert_eq!(timeout(Duration::from_secs(10), question).await.unwrap().unwrap(), 2);
    let newcomer = timeout(Duration::from_secs(10), PgConnection::connect(&postgres.url()));
    newcomer.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_commit_survives_a_kill_and_open_work_does_not() {
    let postgres = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    run(&mut connection, "CREATE TABLE suburb (name text)").await;
    run(&mut connection, "INSERT INTO suburb VALUES ('Bondi')").await;
    run(&mut connection, "BEGIN").await;
    run(&mut connection, "INSERT INTO suburb VALUES ('Coogee')").await;
    let url = postgres.url();

    postgres.kill();
    postgres.kill();
    assert!(one(&mut connection, "SELECT 1::bigint").await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());

    postgres.restart().unwrap();
    assert_eq!(postgres.url(), url);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    assert_eq!(one(&mut connection, "SELECT count(*) FROM suburb").await.unwrap(), 1);
}

#[tokio::test]
async fn a_busy_paused_server_can_be_restarted() {
    let postgres = Postgres::start().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let mut endless =
        Box::pin(one(&mut connection, "SELECT count(*) FROM generate_series(1, 1000000000000)"));
    assert!(timeout(Duration::from_millis(100), &mut endless).await.is_err());
    postgres.pause();
    postgres.restart().unwrap();
    assert!(timeout(Duration::from_secs(10), endless).await.unwrap().is_err());
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    assert_eq!(one(&mut connection, "SELECT 1::bigint").await.unwrap(), 1);
}

#[tokio::test]
async fn a_replica_follows_reads_only_and_can_be_promoted() {
    let postgres = Postgres::start().unwrap();
    let mut primary = PgConnection::connect(&postgres.url()).await.unwrap();
    run(&mut primary, "CREATE TABLE written (id bigint)").await;
    let replica = postgres.replica().unwrap();
    run(&mut primary, "INSERT INTO written VALUES (7)").await;
    let mut connection = PgConnection::connect(&replica.url()).await.unwrap();
    let followed = async {
        while one(&mut connection, "SELECT count(*) FROM written").await.unwrap() < 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), followed).await.expect("the replica follows");
    let refused = sqlx::query("INSERT INTO written VALUES (8)").execute(&mut connection).await.unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
    postgres.kill();
    replica.promote().unwrap();
    run(&mut connection, "INSERT INTO written VALUES (8)").await;
    let again = replica.promote().unwrap_err().to_string();
    assert!(again.contains("recovery is not in progress"), "{again}");
}

#[tokio::test]
async fn settings_reach_the_server() {
    let postgres = Postgres::builder().setting("max_connections", "17").start().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let most = one(&mut connection, "SELECT current_setting('max_connections')::bigint").await.unwrap();
    assert_eq!(most, 17);
}

#[test]
fn a_wrong_setting_is_told_in_the_words_of_the_server() {
    let error = Postgres::builder().setting("no_such_setting", "1").start().unwrap_err().to_string();
    assert!(error.contains("postgres ended") && error.contains("no_such_setting"), "{error}");
}
