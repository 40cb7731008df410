use std::sync::atomic::Ordering::SeqCst;

use crate::fake::{Server, ms, pass, primary, readers, replica, secs, settle, three, writer};
use mainstay_pool::{ConfigError, ReplicaSetConfig};

#[tokio::test(start_paused = true)]
async fn a_node_that_is_added_gets_reads_once_it_has_answered() {
    let three = three(ReplicaSetConfig::default()).await;
    three.set.add(Server::new("new", replica(0)).pool()).unwrap();
    settle().await;
    assert_eq!(readers(&three.set, 9).await, ["left", "new", "right"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_removed_gets_nothing_more_and_is_asked_nothing_more() {
    let three = three(ReplicaSetConfig::default()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(three.set.read().await.unwrap());
    }
    let pool = three.set.remove("left").unwrap();
    assert_eq!(readers(&three.set, 4).await, ["right"]);
    assert_eq!(pool.status().in_use, 1, "what is out stays out until it comes back");
    drop(held);
    pass(ms(1)).await;
    assert_eq!(pool.status().in_use, 0);
    let probes = three.left.probes.load(SeqCst);
    pass(secs(10)).await;
    assert_eq!(three.left.probes.load(SeqCst), probes);
    assert!(three.set.remove("left").is_none());
    assert!(pool.get().await.is_ok(), "the pool goes on");
}

#[tokio::test(start_paused = true)]
async fn removing_the_primary_lets_the_writers_wait_for_another() {
    let three = three(ReplicaSetConfig::default()).await;
    three.set.remove("primary").unwrap();
    assert_eq!(three.set.status().primary, None);
    three.set.add(Server::new("new", primary(3)).pool()).unwrap();
    assert_eq!(writer(&three.set).await, "new");
}

#[tokio::test(start_paused = true)]
async fn two_nodes_of_one_name_are_refused() {
    let three = three(ReplicaSetConfig::default()).await;
    let error = three.set.add(three.left.pool()).unwrap_err();
    assert!(matches!(error, ConfigError::NodeTaken { .. }));
    assert_eq!(
        error.to_string(),
        "set `set` already has a node `left`: give each node's pool a name of its own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_closed_set_says_so_and_has_closed_its_pools() {
    let three = three(ReplicaSetConfig::default()).await;
    let pool = three.left.pool();
    three.set.remove("left");
    three.set.add(pool.clone()).unwrap();
    three.set.close().await;
    assert!(three.set.write().await.unwrap_err().is_closed());
    assert!(three.set.read().await.unwrap_err().is_closed());
    assert!(pool.get().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_dropped_asks_nothing_more() {
    let three = three(ReplicaSetConfig::default()).await;
    drop(three.set);
    settle().await;
    let probes = three.left.probes.load(SeqCst);
    pass(secs(10)).await;
    assert_eq!(three.left.probes.load(SeqCst), probes);
}

#[tokio::test(start_paused = true)]
async fn another_configuration_holds_at_once_and_forgets_nothing() {
    let three = three(ReplicaSetConfig::default()).await;
    three.left.becomes(replica(3_000));
    pass(ms(1_100)).await;
    assert_eq!(readers(&three.set, 4).await, ["left", "right"]);
    three.set.reconfigure(ReplicaSetConfig::default().max_lag(Some(secs(1)))).unwrap();
    assert_eq!(readers(&three.set, 4).await, ["right"]);
    assert_eq!(writer(&three.set).await, "primary");
    assert!(three.set.reconfigure(ReplicaSetConfig::default().eject_after(0)).is_err());
    assert_eq!(three.set.config().max_lag, Some(secs(1)));
}
