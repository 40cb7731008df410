use std::sync::atomic::Ordering::SeqCst;

use crate::fake::{BROKEN, HARMLESS, Health, Server, Set, ms, pass, primary, readers, replica, secs, three};
use mainstay_pool::{Reads, ReplicaSet, ReplicaSetConfig};

fn reads(set: &Set, node: &str) -> Reads {
    set.status().nodes.iter().find(|status| &*status.name == node).unwrap().reads
}

/// Reads until the node has one, and reports it broken.
async fn fail_on(set: &Set, node: &str) {
    for _ in 0..10 {
        let mut routed = set.read().await.unwrap();
        if &**routed.node() == node {
            assert!(routed.report(&BROKEN));
            return;
        }
    }
    panic!("no read went to {node}: {}", set.status());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_answers_no_probe_is_ejected_though_nobody_called_it() {
    for health in [Health::Down, Health::Silent, Health::Panics] {
        let three = three(ReplicaSetConfig::default()).await;
        three.left.is(health);
        pass(secs(7)).await;
        assert!(matches!(reads(&three.set, "left"), Reads::Ejected { .. }), "{}", three.set.status());
        assert_eq!(readers(&three.set, 4).await, ["right"]);
        assert!(three.set.status().nodes[1].last_error.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_is_let_back_in_by_a_trial_that_succeeds() {
    let three = three(ReplicaSetConfig::default()).await;
    three.left.is(Health::Down);
    pass(secs(5)).await;
    three.left.is(Health::Up);
    pass(secs(2)).await;
    assert_eq!(reads(&three.set, "left"), Reads::Trial);
    assert_eq!(readers(&three.set, 4).await, ["left", "right"]);
    assert_eq!(reads(&three.set, "left"), Reads::Admitted);
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_eject_a_node_that_answers_its_probes_for_a_time_that_grows() {
    let three = three(ReplicaSetConfig::default()).await;
    for _ in 0..3 {
        assert_eq!(reads(&three.set, "left"), Reads::Admitted);
        fail_on(&three.set, "left").await;
    }
    for span in [1, 2, 4, 8] {
        let Reads::Ejected { left } = reads(&three.set, "left") else { panic!("{}", three.set.status()) };
        assert_eq!(left, secs(span));
        pass(left - ms(1)).await;
        assert_eq!(readers(&three.set, 4).await, ["right"]);
        pass(ms(1)).await;
        fail_on(&three.set, "left").await;
    }
    assert_eq!(three.set.status().nodes[1].ejections, 5);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_read_on_trial_at_a_time() {
    let three = three(ReplicaSetConfig::default()).await;
    for _ in 0..3 {
        fail_on(&three.set, "left").await;
    }
    pass(secs(1)).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(three.set.read().await.unwrap());
    }
    let on_trial = held.iter().filter(|routed| &**routed.node() == "left").count();
    assert_eq!(on_trial, 1);
    drop(held);
    assert_eq!(reads(&three.set, "left"), Reads::Admitted);
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_caller_is_dropped_is_given_to_the_next() {
    let (main, only) = (Server::new("primary", primary(1)), Server::new("replica", replica(0)));
    let pool = only.pool_of(1);
    let set = ReplicaSet::new("set", [main.pool(), pool.clone()], ReplicaSetConfig::default()).unwrap();
    for _ in 0..3 {
        fail_on(&set, "replica").await;
    }
    pass(secs(1)).await;
    // With the pool's only connection out the trial has to wait, and its caller does not.
    let held = pool.get().await.unwrap();
    assert!(tokio::time::timeout(ms(100), set.read()).await.is_err());
    assert_eq!(reads(&set, "replica"), Reads::Trial);
    drop(held);
    assert_eq!(readers(&set, 2).await, ["replica"]);
    assert_eq!(reads(&set, "replica"), Reads::Admitted);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_speaks_of_the_statement_alone_counts_for_nothing() {
    let three = three(ReplicaSetConfig::default()).await;
    for _ in 0..20 {
        assert!(!three.set.read().await.unwrap().report(&HARMLESS));
    }
    assert!(three.set.status().nodes.iter().all(|node| node.reads == Reads::Admitted));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_reported_broken_is_closed() {
    let three = three(ReplicaSetConfig::default()).await;
    fail_on(&three.set, "left").await;
    pass(ms(1)).await;
    assert_eq!(three.set.status().nodes[1].pool.size, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_connections_are_all_out_does_not_make_its_server_look_dead() {
    let (main, only) = (Server::new("primary", primary(1)), Server::new("replica", replica(0)));
    let set =
        ReplicaSet::new("set", [main.pool_of(1), only.pool_of(1)], ReplicaSetConfig::default()).unwrap();
    let held = (set.write().await.unwrap(), set.read().await.unwrap());
    let before = only.probes.load(SeqCst);
    pass(secs(30)).await;
    assert!(only.probes.load(SeqCst) >= before + 20, "probes have a connection of their own");
    assert_eq!(reads(&set, "replica"), Reads::Admitted);
    assert_eq!(only.connects.load(SeqCst), 2, "which is kept");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn however_many_calls_fail_the_server_meets_few_probes() {
    let three = three(ReplicaSetConfig::default().eject_after(1_000)).await;
    let before = three.left.probes.load(SeqCst);
    for _ in 0..200 {
        fail_on(&three.set, "left").await;
        pass(ms(1)).await;
    }
    let probes = three.left.probes.load(SeqCst) - before;
    assert!((1..=4).contains(&probes), "{probes} probes in 200 ms");
}
