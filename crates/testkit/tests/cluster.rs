//! A Redis Cluster: slots move while they are served, nodes die and come back, replicas take over.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::proxy::{Proxy, Way};
use mainstay_testkit::redis::{Redis, RedisCluster};
use redis::{Cmd, FromRedisValue, RedisError, cmd};
use std::thread;
use std::time::{Duration, Instant};

fn ask<T: FromRedisValue>(node: &Redis, question: &Cmd) -> Result<T, RedisError> {
    question.query(&mut redis::Client::open(node.url()).unwrap().get_connection().unwrap())
}

fn other<'a>(cluster: &'a RedisCluster, than: &Redis) -> &'a Redis {
    cluster.nodes().iter().find(|node| node.port() != than.port()).unwrap()
}

#[test]
fn three_primaries_share_the_slots_and_serve() {
    let cluster = RedisCluster::start().unwrap();
    assert_eq!((cluster.nodes().len(), cluster.urls().len()), (3, 3));
    for node in cluster.nodes() {
        let info: String = ask(node, cmd("CLUSTER").arg("INFO")).unwrap();
        assert!(info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384"), "{info}");
        assert!(cluster.replicas(node).unwrap().is_empty());
    }
    let owners: Vec<u16> = [0, 8_000, 16_383].map(|slot| cluster.owner(slot).unwrap().port()).into();
    assert_eq!(owners, cluster.nodes().iter().map(Redis::port).collect::<Vec<_>>());
    // A slot as the specification of Redis Cluster gives it.
    assert_eq!(cluster.slot("123456789").unwrap(), 12_739);

    let refused = cluster.fail_over(&cluster.nodes()[0]).unwrap_err().to_string();
    assert!(refused.contains("CLUSTER FAILOVER") && refused.contains("replica"), "{refused}");
}

#[test]
fn a_slot_moves_and_its_keys_are_found_at_every_step() {
    let cluster = RedisCluster::start().unwrap();
    let slot = cluster.slot("{suburb}").unwrap();
    let from = cluster.owner(slot).unwrap();
    let to = other(&cluster, from);
    for number in 0..100 {
        let () = ask(from, cmd("SET").arg(format!("{{suburb}}:{number}")).arg(number)).unwrap();
    }
    let migration = cluster.migrate(slot, to).unwrap();
    assert_eq!(migration.move_keys(30).unwrap(), 30);
    assert_eq!(cluster.owner(slot).unwrap().port(), from.port());
    let (here, asked): (Vec<_>, Vec<_>) = (0..100)
        .map(|number| ask::<u16>(from, cmd("GET").arg(format!("{{suburb}}:{number}"))))
        .partition(Result::is_ok);
    assert_eq!((here.len(), asked.len()), (70, 30));
    assert!(asked.iter().all(|error| error.as_ref().unwrap_err().code() == Some("ASK")), "{asked:?}");

    migration.finish().unwrap();
    assert_eq!(cluster.owner(slot).unwrap().port(), to.port());
    let moved = ask::<u16>(from, cmd("GET").arg("{suburb}:1")).unwrap_err();
    assert_eq!(moved.code(), Some("MOVED"));
    for number in 0..100 {
        assert_eq!(ask::<u16>(to, cmd("GET").arg(format!("{{suburb}}:{number}"))).unwrap(), number);
    }
}

#[test]
fn a_range_moves_from_several_owners_under_load() {
    let cluster = RedisCluster::start().unwrap();
    let [first, second, third] = cluster.nodes() else { panic!("three primaries") };
    // 5461 is the first slot of the second.
    let slots = 5_451..=5_470;
    assert_eq!(cluster.owner(5_460).unwrap().port(), first.port());
    assert_eq!(cluster.owner(5_461).unwrap().port(), second.port());
    let key = (0..)
        .map(|number| format!("key:{number}"))
        .find(|key| slots.contains(&cluster.slot(key).unwrap()))
        .unwrap();
    thread::scope(|scope| {
        let reshard = scope.spawn(|| cluster.move_slots(slots.clone(), third));
        let mut written = 0_u32;
        while !reshard.is_finished() {
            written += 1;
            increment(&cluster, &key);
        }
        reshard.join().unwrap().unwrap();
        assert!(written > 0);
        assert_eq!(ask::<u32>(third, cmd("GET").arg(&key)).unwrap(), written);
    });
    assert!(slots.clone().all(|slot| cluster.owner(slot).unwrap().port() == third.port()));
    assert_eq!(cluster.owner(5_450).unwrap().port(), first.port());
    assert_eq!(cluster.owner(5_471).unwrap().port(), second.port());
}

/// As a cluster client does, going from node to node as it is sent.
fn increment(cluster: &RedisCluster, key: &str) {
    let mut at = cluster.nodes()[0].url();
    let mut asking = false;
    for _ in 0..20 {
        let mut connection = redis::Client::open(at.as_str()).unwrap().get_connection().unwrap();
        if asking {
            let () = cmd("ASKING").query(&mut connection).unwrap();
        }
        match cmd("INCR").arg(key).query::<u32>(&mut connection) {
            Ok(_) => return,
            Err(error) => {
                let (address, _slot) = error.redirect_node().unwrap_or_else(|| panic!("{error}"));
                at = format!("redis://{address}");
                asking = error.code() == Some("ASK");
            }
        }
    }
    panic!("sent from node to node without end");
}

#[test]
fn clients_are_sent_through_a_proxy_whose_faults_the_nodes_do_not_feel() {
    let cluster = RedisCluster::builder().node_timeout(Duration::from_secs(1)).start().unwrap();
    let [first, second, _] = cluster.nodes() else { panic!("three primaries") };
    let proxy = Proxy::to(("127.0.0.1", second.port())).unwrap();
    cluster.announce(second, proxy.port()).unwrap();
    // 5461 is the first slot of the second.
    assert_eq!(cluster.owner(5_461).unwrap().port(), second.port());
    let key = (0..)
        .map(|number| number.to_string())
        .find(|key| (5_461..=10_921).contains(&cluster.slot(key).unwrap()))
        .unwrap();
    let moved = ask::<()>(first, cmd("SET").arg(&key).arg(1)).unwrap_err();
    let (address, _) = moved.redirect_node().unwrap();
    assert_eq!(address, proxy.address().to_string());
    let mut connection = redis::Client::open(format!("redis://{address}")).unwrap().get_connection().unwrap();
    let () = cmd("SET").arg(&key).arg(1).query(&mut connection).unwrap();
    assert_eq!(proxy.traffic().accepted, 1);

    proxy.all().cut(Way::Both);
    connection.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(cmd("GET").arg(&key).query::<u8>(&mut connection).unwrap_err().is_timeout());
    // Twice the time in which the nodes would have held it for dead.
    thread::sleep(Duration::from_secs(2));
    let info: String = ask(first, cmd("CLUSTER").arg("INFO")).unwrap();
    assert!(info.contains("cluster_state:ok") && info.contains("cluster_slots_pfail:0"), "{info}");
}

#[test]
fn a_replica_takes_over_by_order_and_when_its_primary_dies() {
    let cluster = RedisCluster::builder().replicas(1).start().unwrap();
    assert_eq!(cluster.nodes().len(), 6);
    let slot = cluster.slot("suburb").unwrap();
    let first = cluster.owner(slot).unwrap();
    let second = cluster.replicas(first).unwrap()[0];
    let () = ask(first, cmd("SET").arg("suburb").arg("Bondi")).unwrap();
    cluster.fail_over(second).unwrap();
    assert_eq!(cluster.owner(slot).unwrap().port(), second.port());
    assert_eq!(ask::<String>(second, cmd("GET").arg("suburb")).unwrap(), "Bondi");

    let deadline = Instant::now() + Duration::from_secs(10);
    while !ask::<String>(first, cmd("INFO").arg("replication")).unwrap().contains("master_link_status:up") {
        assert!(Instant::now() < deadline, "the old primary does not follow");
        thread::sleep(Duration::from_millis(10));
    }
    second.kill();
    assert_eq!(cluster.elected_instead_of(second, slot).unwrap().port(), first.port());
    assert_eq!(ask::<String>(first, cmd("GET").arg("suburb")).unwrap(), "Bondi");

    cluster.rejoin(second).unwrap();
    assert_eq!(cluster.replicas(first).unwrap()[0].port(), second.port());
}

#[test]
fn a_replica_that_lags_takes_over_from_a_primary_that_lives_and_from_one_that_stands_still() {
    let cluster = RedisCluster::builder().replicas(1).behind_proxies().start().unwrap();
    let slot = cluster.slot("suburb").unwrap();
    let mut primary = cluster.owner(slot).unwrap();
    for how in ["force", "take over", "election"] {
        let door = cluster.proxy(primary).unwrap();
        assert!(cluster.urls().contains(&format!("redis://{}", door.address())));
        let replica = cluster.replicas(primary).unwrap()[0];
        let mut connection = redis::Client::open(primary.url()).unwrap().get_connection().unwrap();
        let () = cmd("SET").arg("suburb").arg("Bondi").query(&mut connection).unwrap();
        assert_eq!(cmd("WAIT").arg(1).arg(10_000).query::<u8>(&mut connection).unwrap(), 1);
        let lag = door.that_sent("PSYNC").hold(Way::ToClient);
        let () = ask(primary, cmd("SET").arg("suburb").arg("Manly")).unwrap();
        match how {
            "force" => cluster.force(replica).unwrap(),
            "take over" => cluster.take_over(replica).unwrap(),
            _ => {
                primary.pause();
                assert_eq!(cluster.elected_instead_of(primary, slot).unwrap().port(), replica.port());
                primary.resume();
            }
        }
        lag.heal();
        cluster.follow(primary).unwrap();
        assert_eq!(cluster.owner(slot).unwrap().port(), replica.port(), "{how}");
        assert_eq!(ask::<String>(replica, cmd("GET").arg("suburb")).unwrap(), "Bondi", "{how}: it is lost");
        // A client is sent where the proxy is.
        let moved = ask::<String>(primary, cmd("GET").arg("suburb")).unwrap_err();
        let (address, _) = moved.redirect_node().unwrap();
        assert_eq!(address, cluster.proxy(replica).unwrap().address().to_string());
        primary = replica;
    }
    // Known by the proxy's port also after a restart.
    primary.kill();
    let next = cluster.elected_instead_of(primary, slot).unwrap();
    cluster.rejoin(primary).unwrap();
    cluster.fail_over(primary).unwrap();
    let moved = ask::<String>(next, cmd("GET").arg("suburb")).unwrap_err();
    assert_eq!(moved.redirect_node().unwrap().0, cluster.proxy(primary).unwrap().address().to_string());
}

#[test]
fn without_replicas_a_dead_primary_takes_its_slots_with_it_and_returns_empty() {
    let cluster = RedisCluster::builder().node_timeout(Duration::from_secs(1)).start().unwrap();
    let slot = cluster.slot("suburb").unwrap();
    let owner = cluster.owner(slot).unwrap();
    let () = ask(owner, cmd("SET").arg("suburb").arg("Bondi")).unwrap();
    owner.kill();
    let witness = other(&cluster, owner);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ask::<String>(witness, cmd("CLUSTER").arg("INFO")).unwrap().contains("cluster_state:fail") {
        assert!(Instant::now() < deadline, "the cluster serves without the node's slots");
        thread::sleep(Duration::from_millis(20));
    }
    cluster.rejoin(owner).unwrap();
    assert_eq!(cluster.owner(slot).unwrap().port(), owner.port());
    assert_eq!(ask::<Option<String>>(owner, cmd("GET").arg("suburb")).unwrap(), None);
}
