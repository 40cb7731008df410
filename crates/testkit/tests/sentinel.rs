//! A primary, its replicas and three Sentinels: death, pause and orders make another primary.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Way;
use mainstay_testkit::redis::{Redis, RedisSentinel};
use std::time::{Duration, Instant};

/// Returns once so many replicas have it, too, without which a failover might lose it.
fn set(redis: &Redis, suburb: &str, replicas: usize) {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let () = redis::cmd("SET").arg("suburb").arg(suburb).query(&mut connection).unwrap();
    let reached: usize = redis::cmd("WAIT").arg(replicas).arg(10_000).query(&mut connection).unwrap();
    assert!(reached >= replicas, "{reached} of {replicas}");
}

fn get(redis: &Redis) -> Option<String> {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("GET").arg("suburb").query(&mut connection).unwrap()
}

/// The primary's port, as one Sentinel has it.
fn named_by(sentinel: &str) -> u16 {
    let mut connection = redis::Client::open(sentinel).unwrap().get_connection().unwrap();
    let question = ["GET-MASTER-ADDR-BY-NAME", "mainstay"];
    let (host, port): (String, u16) = redis::cmd("SENTINEL").arg(&question).query(&mut connection).unwrap();
    assert_eq!(host, "127.0.0.1");
    port
}

fn role(redis: &Redis) -> String {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let info: String = redis::cmd("INFO").arg("replication").query(&mut connection).unwrap();
    info.lines().find_map(|line| line.strip_prefix("role:")).unwrap().trim().to_owned()
}

#[test]
fn a_primary_is_replaced_when_it_dies_and_by_order_and_comes_back_as_replica() {
    let sentinel = RedisSentinel::builder().replicas(2).start().unwrap();
    let old = sentinel.primary().unwrap();
    assert_eq!(old.port(), sentinel.nodes()[0].port());
    set(old, "Bondi", 2);
    old.kill();
    let new = sentinel.elected_instead_of(old).unwrap();
    assert_ne!(new.port(), old.port());
    assert_eq!(sentinel.primary().unwrap().port(), new.port());
    assert_eq!(get(new).as_deref(), Some("Bondi"));

    set(new, "Manly", 1);
    sentinel.rejoin(old).unwrap();
    assert_eq!(role(old), "slave");
    assert_eq!(get(old).as_deref(), Some("Manly"));

    // By order, with nobody dead: nothing is lost.
    let third = sentinel.fail_over().unwrap();
    assert_ne!(third.port(), new.port());
    assert_eq!((get(third).as_deref(), role(new).as_str()), (Some("Manly"), "slave"));
}

#[test]
fn a_paused_primary_is_replaced_and_follows_once_resumed() {
    let sentinel = RedisSentinel::start().unwrap();
    let old = sentinel.primary().unwrap();
    old.pause();
    let new = sentinel.elected_instead_of(old).unwrap();
    set(new, "Manly", 0);
    old.resume();
    sentinel.follow(old).unwrap();
    assert_eq!((role(old).as_str(), get(old).as_deref()), ("slave", Some("Manly")));
}

#[test]
fn sentinels_answer_under_the_name_while_one_is_dead() {
    let sentinel = RedisSentinel::start().unwrap();
    assert_eq!((sentinel.sentinels().len(), sentinel.sentinel_urls().len()), (3, 3));
    assert_eq!(sentinel.master_name(), "mainstay");
    sentinel.sentinels()[0].kill();
    let primary = sentinel.primary().unwrap();
    for url in &sentinel.sentinel_urls()[1..] {
        assert_eq!(named_by(url), primary.port());
    }
    // Two of three carry out an order, and elect.
    let second = sentinel.fail_over().unwrap();
    assert_ne!(second.port(), primary.port());
    second.kill();
    assert_eq!(sentinel.elected_instead_of(second).unwrap().port(), primary.port());

    // The third learns from the others what it missed.
    let third = &sentinel.sentinels()[0];
    third.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while named_by(&third.url()) != primary.port() {
        assert!(Instant::now() < deadline, "the third names {}", named_by(&third.url()));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn behind_proxies_a_replica_lags_and_takes_over_without_what_it_missed() {
    let sentinel = RedisSentinel::builder().behind_proxies().start().unwrap();
    let old = sentinel.primary().unwrap();
    let (door, port) = (sentinel.proxy(old).unwrap(), named_by(&sentinel.sentinel_urls()[0]));
    assert_eq!(port, door.port(), "clients are sent through the proxy");
    set(old, "Bondi", 1);
    let lag = door.that_sent("PSYNC").hold(Way::ToClient);
    set(old, "Manly", 0);
    old.kill();
    let new = sentinel.elected_instead_of(old).unwrap();
    lag.heal();
    assert_eq!(get(new).as_deref(), Some("Bondi"), "what was held back is lost");
    assert_eq!(named_by(&sentinel.sentinel_urls()[0]), sentinel.proxy(new).unwrap().port());

    // The old one still answers by its name, after its restart too.
    sentinel.rejoin(old).unwrap();
    assert_eq!((role(old).as_str(), get(old).as_deref()), ("slave", Some("Bondi")));
    let third = sentinel.fail_over().unwrap();
    assert_eq!(third.port(), old.port());
    assert_eq!(named_by(&sentinel.sentinel_urls()[0]), port);

    // Who was started as a replica and is the primary now comes back as one.
    sentinel.fail_over().unwrap();
    new.restart().unwrap();
    assert_eq!(role(new), "master");
    sentinel.whole().unwrap();
    assert_eq!((sentinel.primary().unwrap().port(), get(old)), (new.port(), None));
}

#[test]
fn without_a_majority_there_is_no_primary_to_name() {
    let sentinel = RedisSentinel::start().unwrap();
    sentinel.sentinels()[1].kill();
    sentinel.sentinels()[2].kill();
    let error = sentinel.primary().unwrap_err();
    assert!(matches!(error, StartError::Unsettled { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("two Sentinels agree") && error.contains("GET-MASTER-ADDR"), "{error}");
}
