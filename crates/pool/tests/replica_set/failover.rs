use crate::fake::{
    Health, READ_ONLY, Server, ms, pass, primary, readers, replica, secs, settle, three, writer,
};
use mainstay_pool::{GetError, Reads, ReplicaSet, ReplicaSetConfig, Role};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_promoted_replica_gets_the_writes_without_a_restart() {
    let three = three(ReplicaSetConfig::default()).await;
    three.primary.is(Health::Down);
    three.left.becomes(primary(2));
    pass(ms(1_100)).await;
    assert_eq!(writer(&three.set).await, "left");
    assert_eq!(readers(&three.set, 4).await, ["right"]);
}

#[tokio::test(start_paused = true)]
async fn a_writer_who_waits_at_the_old_primary_goes_over_to_the_new_one() {
    let three = three(ReplicaSetConfig::default()).await;
    three.primary.is(Health::Silent);
    let set = three.set.clone();
    let began = Instant::now();
    let waiting = tokio::spawn(async move { writer(&set).await });
    pass(ms(300)).await;
    assert!(!waiting.is_finished());
    three.left.becomes(primary(2));
    assert_eq!(waiting.await.unwrap(), "left");
    assert!(began.elapsed() < secs(2), "{:?}: long before the old pool's time limit", began.elapsed());
    assert!(three.set.status().nodes.iter().all(|node| node.calls == 0));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_reaches_a_demoted_primary_has_every_node_asked_at_once() {
    let three = three(ReplicaSetConfig::default().probe_interval(secs(3600))).await;
    pass(secs(360)).await;
    three.primary.becomes(replica(0));
    three.right.becomes(primary(2));
    let mut routed = three.set.write().await.unwrap();
    assert_eq!(&**routed.node(), "primary", "nobody knows yet");
    let began = Instant::now();
    assert!(routed.report(&READ_ONLY));
    drop(routed);
    assert_eq!(writer(&three.set).await, "right");
    assert_eq!(began.elapsed(), ms(0));
    settle().await;
    assert_eq!(readers(&three.set, 4).await, ["left", "primary"], "the old one serves reads");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_read_only_of_itself_costs_the_primary_nothing() {
    let three = three(ReplicaSetConfig::default()).await;
    pass(ms(200)).await;
    assert!(three.set.write().await.unwrap().report(&READ_ONLY));
    assert_eq!(writer(&three.set).await, "primary");
    let status = three.set.status();
    assert_eq!((status.nodes[0].ejections, status.nodes[0].pool.size), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_refused_a_write_demotes_nobody() {
    let three = three(ReplicaSetConfig::default()).await;
    let mut routed = three.set.read().await.unwrap();
    routed.report(&READ_ONLY);
    assert_eq!(three.set.status().primary.as_deref(), Some("primary"));
}

#[tokio::test(start_paused = true)]
async fn a_primary_of_old_that_comes_back_gets_neither_writes_nor_reads() {
    let three = three(ReplicaSetConfig::default()).await;
    three.primary.is(Health::Down);
    three.left.becomes(primary(2));
    pass(ms(1_100)).await;
    three.primary.is(Health::Up);
    pass(secs(3)).await;
    assert_eq!(three.set.status().nodes[0].reads, Reads::Outdated);
    assert_eq!(writer(&three.set).await, "left");
    assert_eq!(readers(&three.set, 4).await, ["right"]);
    three.left.is(Health::Down);
    pass(secs(10)).await;
    assert_eq!(
        three.set.status().primary.as_deref(),
        Some("left"),
        "better no writes than writes that are lost"
    );
    three.primary.becomes(replica(0));
    pass(secs(2)).await;
    assert_eq!(readers(&three.set, 4).await, ["primary", "right"], "following again");
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_terms_the_primary_that_answers_is_right() {
    let three = three(ReplicaSetConfig::default()).await;
    three.primary.becomes(primary(0));
    pass(ms(1_100)).await;
    three.left.becomes(primary(0));
    pass(ms(1_100)).await;
    assert_eq!(writer(&three.set).await, "primary", "of two that answer the one that was");
    three.primary.is(Health::Down);
    pass(ms(1_100)).await;
    assert_eq!(writer(&three.set).await, "left");
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_is_silent_and_not_replaced_stays_the_primary() {
    let three = three(ReplicaSetConfig::default()).await;
    three.primary.is(Health::Down);
    pass(secs(30)).await;
    let error = three.set.write().await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("pool `primary`"), "{error}");
    three.primary.is(Health::Up);
    pass(secs(2)).await;
    assert_eq!(writer(&three.set).await, "primary");
}

#[tokio::test(start_paused = true)]
async fn the_connections_of_a_demoted_primary_are_replaced() {
    let three = three(ReplicaSetConfig::default()).await;
    drop(three.set.write().await.unwrap());
    settle().await;
    assert_eq!(three.set.status().nodes[0].pool.size, 1);
    three.primary.becomes(replica(0));
    three.left.becomes(primary(2));
    pass(ms(1_100)).await;
    assert_eq!(three.set.status().nodes[0].pool.size, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_primary_a_writer_is_told_what_the_nodes_are() {
    let servers = [Server::new("a", replica(5)), Server::new("b", Role::Replica { lag: None })];
    let set =
        ReplicaSet::new("set", servers.each_ref().map(Server::pool), ReplicaSetConfig::default()).unwrap();
    let began = Instant::now();
    let error = set.write().await.unwrap_err();
    assert!(matches!(error, GetError::NoPrimary { .. }));
    assert_eq!(began.elapsed(), secs(5));
    assert_eq!(
        error.to_string(),
        "no primary within 5s: set `set` knows of no primary; `a` is a replica 5ms behind, fit for reads, 0 of 4 connections in use; \
         `b` is a replica of unknown lag, too far behind for reads, 0 of 4 connections in use"
    );
    let waiting = tokio::spawn({
        let set = set.clone();
        async move { writer(&set).await }
    });
    pass(secs(1)).await;
    servers[1].becomes(primary(2));
    assert_eq!(waiting.await.unwrap(), "b", "who waits is served when one is promoted");
}
