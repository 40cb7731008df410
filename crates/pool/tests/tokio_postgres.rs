//! The manager of the tokio-postgres example on a real server.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../examples/tokio_postgres/manager.rs"]
mod manager;

use std::time::Duration;

use mainstay_pool::{Manager, Pool, PoolConfig};
use mainstay_testkit::postgres::Postgres;
use manager::TokioPostgres;
use tokio_postgres::Client;

async fn process(client: &Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_connection_is_used_again_and_replaced_when_the_server_is_back() {
    let server = Postgres::start().unwrap();
    let config = PoolConfig::testing().min(0).max(1).acquire_timeout(Duration::from_secs(20));
    let pool = Pool::new("app", TokioPostgres(server.url().parse().unwrap()), config).unwrap();
    let before = process(&pool.get().await.unwrap()).await;
    let held = pool.get().await.unwrap();
    assert_eq!(process(&held).await, before);
    server.restart().unwrap();
    held.simple_query("").await.unwrap_err();
    drop(held);
    assert_ne!(process(&pool.get().await.unwrap()).await, before);
    pool.close().await;
}

#[tokio::test]
async fn an_answer_speaks_of_the_statement_and_a_lost_connection_of_the_server() {
    let server = Postgres::start().unwrap();
    let manager = TokioPostgres(server.url().parse().unwrap());
    let mut client = manager.connect().await.unwrap();
    let answer = client.simple_query("SELECT nonsense").await.unwrap_err();
    assert!(!manager.is_fatal(&answer), "{answer}");
    server.kill();
    assert!(manager.is_fatal(&manager.check(&mut client).await.unwrap_err()));
}
