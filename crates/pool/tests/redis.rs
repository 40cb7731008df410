//! The pool on a real Redis.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use mainstay_pool::managers::redis::{RedisManager, RedisMultiplexedManager};
use mainstay_pool::{Manager, Pool, PoolConfig};
use mainstay_testkit::redis::Redis;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, cmd};

fn client(server: &Redis) -> Client {
    Client::open(server.url()).unwrap()
}

fn config() -> PoolConfig {
    PoolConfig::testing().min(0).max(1).check_after(Duration::ZERO)
}

fn pool(server: &Redis) -> Pool<RedisManager> {
    Pool::new("jobs", RedisManager::new(client(server)), config()).unwrap()
}

async fn id(connection: &mut MultiplexedConnection) -> i64 {
    cmd("CLIENT").arg("ID").query_async(connection).await.unwrap()
}

async fn set(connection: &mut MultiplexedConnection, key: &str, value: i64) {
    cmd("SET").arg(key).arg(value).exec_async(connection).await.unwrap();
}

async fn get(connection: &mut MultiplexedConnection, key: &str) -> Option<i64> {
    cmd("GET").arg(key).query_async(connection).await.unwrap()
}

#[tokio::test]
async fn a_connection_comes_back_and_is_used_again() {
    let server = Redis::start().unwrap();
    let pool = pool(&server);
    let mut held = pool.get().await.unwrap();
    set(&mut held, "visits", 1).await;
    let before = id(&mut held).await;
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_eq!((get(&mut next, "visits").await, id(&mut next).await), (Some(1), before));
}

#[tokio::test]
async fn a_transaction_left_open_is_discarded() {
    let server = Redis::start().unwrap();
    let pool = pool(&server);
    let mut held = pool.get().await.unwrap();
    let before = id(&mut held).await;
    cmd("MULTI").exec_async(&mut *held).await.unwrap();
    cmd("SET").arg("visits").arg(1).exec_async(&mut *held).await.unwrap();
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_eq!((get(&mut next, "visits").await, id(&mut next).await), (None, before));
}

#[tokio::test]
async fn a_watched_key_is_watched_no_more() {
    let server = Redis::start().unwrap();
    let pool = pool(&server);
    let mut held = pool.get().await.unwrap();
    let before = id(&mut held).await;
    cmd("WATCH").arg("visits").exec_async(&mut *held).await.unwrap();
    drop(held);
    let mut other = client(&server).get_multiplexed_async_connection().await.unwrap();
    set(&mut other, "visits", 1).await;
    let mut next = pool.get().await.unwrap();
    assert_eq!(id(&mut next).await, before);
    cmd("MULTI").exec_async(&mut *next).await.unwrap();
    cmd("INCR").arg("visits").exec_async(&mut *next).await.unwrap();
    let done: Option<(i64,)> = cmd("EXEC").query_async(&mut *next).await.unwrap();
    assert_eq!(done, Some((2,)), "nobody inherits the watch");
}

#[tokio::test]
async fn a_connection_with_another_database_is_closed() {
    let server = Redis::start().unwrap();
    let pool = pool(&server);
    let mut held = pool.get().await.unwrap();
    let before = id(&mut held).await;
    cmd("SELECT").arg(3).exec_async(&mut *held).await.unwrap();
    set(&mut held, "visits", 1).await;
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_ne!(id(&mut next).await, before);
    assert_eq!(get(&mut next, "visits").await, None);
}

#[tokio::test]
async fn a_connection_that_is_subscribed_is_closed() {
    let server = Redis::start().unwrap();
    let url = format!("{}/?protocol=resp3", server.url());
    let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
    let pushing = AsyncConnectionConfig::new().set_push_sender(sender);
    let manager = RedisManager::new(Client::open(url).unwrap()).config(pushing);
    let pool = Pool::new("jobs", manager, config()).unwrap();
    let mut held = pool.get().await.unwrap();
    let before = id(&mut held).await;
    held.subscribe("news").await.unwrap();
    drop(held);
    assert_ne!(id(&mut pool.get().await.unwrap()).await, before);
}

/// The server still waits for a command that blocks when its caller is gone: whoever came next would wait behind it.
#[tokio::test]
async fn a_connection_on_which_a_blocking_command_was_dropped_is_closed() {
    let server = Redis::start().unwrap();
    let pool = pool(&server);
    let mut held = pool.get().await.unwrap();
    let before = id(&mut held).await;
    let mut pop = cmd("BLPOP");
    pop.arg("jobs").arg(0);
    assert!(tokio::time::timeout(Duration::from_millis(50), pop.exec_async(&mut *held)).await.is_err());
    drop(held);
    assert_ne!(id(&mut pool.get().await.unwrap()).await, before);
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let server = Redis::start().unwrap();
    let dedicated = pool(&server);
    let multiplexed = Pool::new("cache", RedisMultiplexedManager::new(client(&server), 1), config()).unwrap();
    id(&mut dedicated.get().await.unwrap()).await;
    id(&mut multiplexed.get().await.unwrap()).await;
    server.restart().unwrap();
    id(&mut dedicated.get().await.unwrap()).await;
    id(&mut multiplexed.get().await.unwrap()).await;
}

#[tokio::test]
async fn an_answer_speaks_of_the_command_and_a_lost_connection_of_the_server() {
    let server = Redis::start().unwrap();
    let manager = RedisManager::new(client(&server));
    let mut connection = manager.connect().await.unwrap();
    let answer = cmd("NONSENSE").exec_async(&mut connection).await.unwrap_err();
    assert!(!manager.is_fatal(&answer), "{answer}");
    server.kill();
    assert!(manager.is_fatal(&manager.check(&mut connection).await.unwrap_err()));
}

#[tokio::test]
async fn many_handles_share_few_sockets() {
    let server = Redis::start().unwrap();
    let manager = RedisMultiplexedManager::new(client(&server), 2);
    let pool = Pool::new("cache", manager, config().max(16).max_connecting(16)).unwrap();
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(pool.get().await.unwrap());
    }
    let mut sockets = Vec::new();
    for handle in &mut held {
        sockets.push(id(handle).await);
    }
    sockets.sort_unstable();
    sockets.dedup();
    assert_eq!((pool.status().size, sockets.len()), (16, 2));
}
