//! A set of replicas on real PostgreSQL servers that stream, die and are promoted.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use mainstay_pool::managers::postgres::PostgresManager;
use mainstay_pool::{Pool, PoolConfig, Reads, ReplicaSet, ReplicaSetConfig, ReplicaSetStatus, Role};
use mainstay_testkit::postgres::Postgres;
use sqlx::Executor;

type Set = ReplicaSet<PostgresManager>;

/// What a busy machine may need; a set that learns nothing waits for ever.
const SLACK: Duration = Duration::from_secs(20);

fn pool(name: &'static str, server: &Postgres) -> Pool<PostgresManager> {
    let config = PoolConfig::testing()
        .min(1)
        .max(4)
        .acquire_timeout(Duration::from_secs(5))
        .check_after(Duration::ZERO);
    Pool::new(name, PostgresManager::new(server.url().parse().unwrap()), config).unwrap()
}

async fn until(set: &Set, what: &str, is_so: impl Fn(&ReplicaSetStatus) -> bool) -> Duration {
    let began = Instant::now();
    while !is_so(&set.status()) {
        assert!(began.elapsed() < SLACK, "{what} in vain: {}", set.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

async fn write(set: &Set, value: i64) -> String {
    let mut routed = set.write().await.unwrap();
    let statement = sqlx::query("INSERT INTO written VALUES ($1)").bind(value);
    if let Err(error) = statement.execute(&mut *routed).await {
        routed.report(&error);
        panic!("{error}: {}", set.status());
    }
    routed.node().to_string()
}

/// How many values the reads see that go to this node.
async fn seen_by(set: &Set, node: &str) -> i64 {
    for _ in 0..8 {
        let mut routed = set.read().await.unwrap();
        if &**routed.node() == node {
            return sqlx::query_scalar("SELECT count(*) FROM written").fetch_one(&mut *routed).await.unwrap();
        }
    }
    panic!("no read went to {node}: {}", set.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_promoted_takes_the_writes_and_the_old_primary_gets_none_when_it_is_back() {
    let sydney = Postgres::builder().setting("max_connections", "30").start().unwrap();
    let (perth, hobart) = (sydney.replica().unwrap(), sydney.replica().unwrap());
    let config = ReplicaSetConfig::default()
        .probe_interval(Duration::from_millis(100))
        .failover_timeout(Duration::from_secs(10));
    let pools = [pool("sydney", &sydney), pool("perth", &perth), pool("hobart", &hobart)];
    let set = Set::new("listings", pools, config).unwrap();
    set.write().await.unwrap().execute("CREATE TABLE written (value bigint)").await.unwrap();
    assert_eq!(write(&set, 1).await, "sydney");
    until(&set, "waited for the replicas to stream", |status| {
        status.nodes[1..].iter().all(|node| {
            matches!(node.role, Some(Role::Replica { lag: Some(_) })) && node.reads == Reads::Admitted
        })
    })
    .await;
    let began = Instant::now();
    while seen_by(&set, "perth").await < 1 || seen_by(&set, "hobart").await < 1 {
        assert!(began.elapsed() < SLACK, "nothing arrives: {}", set.status());
    }

    // A writer on a server that follows learns it by the error, and the set by the report.
    let mut routed = set.write().await.unwrap();
    let refused = routed.execute("BEGIN READ ONLY; INSERT INTO written VALUES (0)").await.unwrap_err();
    assert!(routed.report(&refused));
    drop(routed);
    assert_eq!(write(&set, 2).await, "sydney", "which still says that it is the primary");

    sydney.kill();
    let waiting = tokio::spawn({
        let set = set.clone();
        async move { set.write().await.map(|routed| routed.node().to_string()) }
    });
    let killed = Instant::now();
    perth.promote().unwrap();
    let promoted = Instant::now();
    until(&set, "waited for the new primary", |status| status.primary.as_deref() == Some("perth")).await;
    println!("promoted after {:?}, found after another {:?}", promoted - killed, promoted.elapsed());
    assert_eq!(
        waiting.await.unwrap().unwrap(),
        "perth",
        "who waited at the dead one is served by the new one"
    );
    assert_eq!(write(&set, 3).await, "perth");

    sydney.restart().unwrap();
    until(&set, "waited for the old primary", |status| status.nodes[0].reads == Reads::Outdated).await;
    let status = set.status();
    assert_eq!(status.nodes[0].role, Some(Role::Primary { term: 1 }));
    assert!(matches!(status.nodes[1].role, Some(Role::Primary { term: 2 })), "{status}");
    for value in 4..10 {
        assert_eq!(write(&set, value).await, "perth");
        assert_ne!(set.read().await.unwrap().node().to_string(), "sydney");
    }
    set.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_falls_silent_is_ejected_and_reads_go_on() {
    let sydney = Postgres::builder().setting("max_connections", "30").start().unwrap();
    let perth = sydney.replica().unwrap();
    let config = ReplicaSetConfig::default()
        .probe_interval(Duration::from_millis(100))
        .probe_timeout(Duration::from_millis(500))
        .ejection(Duration::from_millis(200));
    let set = Set::new("listings", [pool("sydney", &sydney), pool("perth", &perth)], config).unwrap();
    until(&set, "waited for the replica", |status| status.nodes[1].reads == Reads::Admitted).await;
    assert_eq!(&**set.read().await.unwrap().node(), "perth");
    perth.pause();
    until(&set, "waited for the ejection", |status| matches!(status.nodes[1].reads, Reads::Ejected { .. }))
        .await;
    for _ in 0..5 {
        assert_eq!(&**set.read().await.unwrap().node(), "sydney", "the primary stands in");
    }
    perth.resume();
    until(&set, "waited for the trial", |status| status.nodes[1].reads == Reads::Trial).await;
    assert_eq!(&**set.read().await.unwrap().node(), "perth");
    until(&set, "waited for the return", |status| status.nodes[1].reads == Reads::Admitted).await;
    set.close().await;
}
