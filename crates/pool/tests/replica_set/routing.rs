use crate::fake::{Health, Server, ms, pass, primary, readers, replica, secs, settle, three, writer};
use mainstay_pool::{GetError, PrimaryReads, Reads, ReplicaSet, ReplicaSetConfig, Role};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn writes_go_to_the_primary_and_reads_to_the_replicas_by_turns() {
    let three = three(ReplicaSetConfig::default()).await;
    for _ in 0..4 {
        assert_eq!(writer(&three.set).await, "primary");
    }
    let mut reads = Vec::new();
    for _ in 0..30 {
        reads.push(three.set.read().await.unwrap().node().to_string());
    }
    let left = reads.iter().filter(|node| *node == "left").count();
    assert!((5..=25).contains(&left) && !reads.iter().any(|node| node == "primary"), "{reads:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_callers_wait_until_the_nodes_have_said_what_they_are() {
    let server = Server::new("only", primary(1));
    let set = ReplicaSet::new("set", [server.pool()], ReplicaSetConfig::default()).unwrap();
    assert!(matches!(set.status().nodes[0].reads, Reads::Unknown));
    let (write, read) = tokio::join!(set.write(), set.read());
    assert_eq!((&**write.unwrap().node(), &**read.unwrap().node()), ("only", "only"));
}

#[tokio::test(start_paused = true)]
async fn a_read_goes_to_the_replica_with_the_fewest_calls() {
    let three = three(ReplicaSetConfig::default()).await;
    let first = three.set.read().await.unwrap();
    let busy = first.node().to_string();
    for _ in 0..4 {
        assert_ne!(three.set.read().await.unwrap().node().to_string(), busy);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_too_far_behind_is_left_out_until_it_has_caught_up() {
    let three = three(ReplicaSetConfig::default().max_lag(Some(secs(2)))).await;
    three.left.becomes(replica(2_001));
    pass(ms(1_100)).await;
    assert_eq!(readers(&three.set, 4).await, ["right"]);
    assert!(matches!(three.set.status().nodes[1].reads, Reads::Lagging { lag: Some(_) }));
    three.left.becomes(Role::Replica { lag: None });
    pass(ms(1_100)).await;
    assert_eq!(readers(&three.set, 4).await, ["right"], "one that cannot say is none to trust");
    three.left.becomes(replica(1_999));
    pass(ms(1_100)).await;
    assert_eq!(readers(&three.set, 4).await, ["left", "right"]);
}

#[tokio::test(start_paused = true)]
async fn a_read_may_ask_for_less_lag_than_the_set_does() {
    let three = three(ReplicaSetConfig::default()).await;
    three.left.becomes(replica(500));
    three.right.becomes(replica(50));
    pass(ms(1_100)).await;
    for (lag, node) in [(ms(100), "right"), (ms(10), "primary")] {
        assert_eq!(&**three.set.read_within(lag).await.unwrap().node(), node);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_replica_the_configuration_says_whether_the_primary_reads() {
    for (policy, expected) in [
        (PrimaryReads::Never, None),
        (PrimaryReads::Fallback, Some("primary")),
        (PrimaryReads::Share, Some("primary")),
    ] {
        let three = three(ReplicaSetConfig::default().primary_reads(policy)).await;
        three.left.becomes(replica(60_000));
        three.right.becomes(replica(60_000));
        pass(ms(1_100)).await;
        let began = Instant::now();
        match (three.set.read().await, expected) {
            (Ok(routed), Some(node)) => assert_eq!(&**routed.node(), node),
            (Err(error), None) => {
                assert!(matches!(error, GetError::NoReplica { .. }), "{error}");
                assert_eq!(began.elapsed(), secs(5), "a replica might have caught up");
                let text = error.to_string();
                assert!(text.contains("`left` is a replica 60s behind, too far behind for reads"), "{text}");
                assert_eq!(error.set_status().unwrap().primary.as_deref(), Some("primary"));
            }
            (got, _) => panic!("{policy:?}: {got:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_shares_the_reads_gets_its_part_of_them() {
    let three = three(ReplicaSetConfig::default().primary_reads(PrimaryReads::Share)).await;
    assert_eq!(readers(&three.set, 9).await, ["left", "primary", "right"]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_only_busy_is_passed_by_and_not_blamed() {
    let (main, only) = (Server::new("primary", primary(1)), Server::new("replica", replica(0)));
    let set = ReplicaSet::new("set", [main.pool(), only.pool_of(1)], ReplicaSetConfig::default()).unwrap();
    let held = set.read().await.unwrap();
    assert_eq!(&**held.node(), "replica");
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(&**set.read().await.unwrap().node(), "primary");
        assert_eq!(began.elapsed(), ms(500));
    }
    drop(held);
    settle().await;
    assert_eq!(readers(&set, 3).await, ["replica"]);
    assert_eq!(set.status().nodes[1].ejections, 0);
}

#[tokio::test(start_paused = true)]
async fn a_read_turns_away_from_a_replica_that_is_down() {
    let three = three(ReplicaSetConfig::default()).await;
    three.left.is(Health::Down);
    for _ in 0..4 {
        let began = Instant::now();
        assert_eq!(&**three.set.read().await.unwrap().node(), "right");
        assert!(began.elapsed() <= ms(500));
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_the_last_node_is_what_a_read_ends_with() {
    let three = three(ReplicaSetConfig::default().primary_reads(PrimaryReads::Never)).await;
    three.left.is(Health::Down);
    three.right.is(Health::Down);
    let error = three.set.read().await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("connection refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_dropped_leaves_no_call_behind() {
    let three = three(ReplicaSetConfig::default()).await;
    for server in [&three.primary, &three.left, &three.right] {
        server.is(Health::Silent);
    }
    for _ in 0..3 {
        let (read, write) = (three.set.read(), three.set.write());
        assert!(tokio::time::timeout(ms(10), async { tokio::join!(read, write) }).await.is_err());
    }
    assert!(three.set.status().nodes.iter().all(|node| node.calls == 0 && node.pool.waiting == 0));
}

#[tokio::test(start_paused = true)]
async fn a_preparation_runs_on_the_node_that_is_chosen_and_is_not_the_nodes_fault() {
    let three = three(ReplicaSetConfig::default()).await;
    let fine = three.set.write_prepared(|()| Box::pin(async { Ok(()) })).await.unwrap();
    assert_eq!(&**fine.node(), "primary");
    for _ in 0..3 {
        let refused = three.set.read_prepared(|()| Box::pin(async { Err(crate::fake::HARMLESS) })).await;
        assert!(refused.unwrap_err().is_timeout());
    }
    assert!(three.set.status().nodes.iter().all(|node| node.ejections == 0), "{}", three.set.status());
}
