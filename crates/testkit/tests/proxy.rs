//! A proxy before a real Redis: every fault is seen from both sides.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::proxy::{Proxy, Way};
use mainstay_testkit::redis::Redis;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(10);

fn redis_and_proxy() -> (Redis, Proxy) {
    let redis = Redis::start().unwrap();
    let proxy = Proxy::to(("127.0.0.1", redis.port())).unwrap();
    (redis, proxy)
}

fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    connection
}

fn direct(redis: &Redis) -> TcpStream {
    connect(SocketAddr::from(([127, 0, 0, 1], redis.port())))
}

fn tell(connection: &mut TcpStream, command: &str) {
    connection.write_all(format!("{command}\r\n").as_bytes()).unwrap();
}

fn hear(connection: &mut TcpStream) -> io::Result<String> {
    let mut answer = [0; 4096];
    let length = connection.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn ask(connection: &mut TcpStream, command: &str) -> String {
    tell(connection, command);
    hear(connection).unwrap()
}

fn is_silent(connection: &mut TcpStream) -> bool {
    connection.set_read_timeout(Some(SHORT)).unwrap();
    let heard = hear(connection);
    connection.set_read_timeout(Some(LONG)).unwrap();
    heard.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {LONG:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// How many clients the server has, the one that asks included.
fn clients(redis: &Redis) -> usize {
    ask(&mut direct(redis), "CLIENT LIST").matches("laddr=").count()
}

#[test]
fn without_faults_it_carries_both_ways_and_counts() {
    let (redis, proxy) = redis_and_proxy();
    let (mut one, mut two) = (connect(proxy.address()), connect(proxy.address()));
    assert_eq!(ask(&mut one, "PING"), "+PONG\r\n");
    let long = "x".repeat(1_000_000);
    let set = format!("*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$1000000\r\n{long}");
    assert_eq!(ask(&mut two, &set), "+OK\r\n");
    tell(&mut one, "GET long");
    let mut whole = vec![0; "$1000000\r\n".len() + long.len() + 2];
    one.read_exact(&mut whole).unwrap();
    assert_eq!(whole, format!("$1000000\r\n{long}\r\n").as_bytes());

    let traffic = proxy.traffic();
    assert_eq!((traffic.accepted, traffic.open), (2, 2));
    let (sent, answered) = ("PING\r\n\r\nGET long\r\n".len(), "+PONG\r\n+OK\r\n".len());
    assert_eq!(traffic.from_clients, (sent + set.len()) as u64);
    assert_eq!(traffic.from_server, (answered + whole.len()) as u64);
    assert_eq!((traffic.lost_to_server, traffic.lost_to_client), (0, 0));

    drop(two);
    eventually("one connection is left", || proxy.traffic().open == 1 && clients(&redis) == 2);
}

#[test]
fn a_delay_is_added_to_each_message_and_not_to_their_sum() {
    let (_redis, proxy) = redis_and_proxy();
    let mut connection = connect(proxy.address());
    proxy.all().delay(Way::Both, Duration::from_millis(100));
    let begun = Instant::now();
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());

    let begun = Instant::now();
    for _ in 0..20 {
        tell(&mut connection, "PING");
        thread::sleep(Duration::from_millis(5));
    }
    let mut answers = [0; 20 * 7];
    connection.read_exact(&mut answers).unwrap();
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_millis(2_000), "{took:?}");

    proxy.heal();
    let round_trips = (0..5).map(|_| {
        let begun = Instant::now();
        assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
        begun.elapsed()
    });
    let fastest = round_trips.min().unwrap();
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

#[test]
fn cut_to_the_client_the_server_acts_and_nobody_hears_of_it() {
    let (redis, proxy) = redis_and_proxy();
    let mut connection = connect(proxy.address());
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    proxy.all().cut(Way::ToClient);
    tell(&mut connection, "SET suburb Bondi");
    assert!(is_silent(&mut connection));
    assert_eq!(ask(&mut direct(&redis), "GET suburb"), "$5\r\nBondi\r\n");
    assert_eq!((proxy.traffic().lost_to_server, proxy.traffic().lost_to_client), (0, 5));

    proxy.heal();
    assert_eq!(ask(&mut connection, "GET suburb"), "$5\r\nBondi\r\n");
}

#[test]
fn cut_to_the_server_it_gets_nothing_and_can_still_be_heard() {
    let (redis, proxy) = redis_and_proxy();
    let mut subscriber = connect(proxy.address());
    assert!(ask(&mut subscriber, "SUBSCRIBE news").contains("subscribe"));
    proxy.all().cut(Way::ToServer);
    tell(&mut subscriber, "UNSUBSCRIBE news");
    assert!(is_silent(&mut subscriber));
    assert_eq!(ask(&mut direct(&redis), "PUBLISH news still-here"), ":1\r\n");
    assert!(hear(&mut subscriber).unwrap().contains("still-here"));
    assert_eq!(proxy.traffic().lost_to_server, "UNSUBSCRIBE news\r\n".len() as u64);
}

#[test]
fn a_cut_holds_up_the_end_of_a_connection() {
    let (redis, proxy) = redis_and_proxy();
    let mut connection = connect(proxy.address());
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    proxy.all().cut(Way::Both);
    drop(connection);
    thread::sleep(SHORT);
    assert_eq!((clients(&redis), proxy.traffic().open), (2, 1));
    proxy.heal();
    eventually("the server knows of the end", || clients(&redis) == 1 && proxy.traffic().open == 0);
}

#[test]
fn what_is_held_arrives_late_and_in_order() {
    let (redis, proxy) = redis_and_proxy();
    let mut connection = connect(proxy.address());
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    proxy.all().hold(Way::ToServer);
    tell(&mut connection, "SET suburb Bondi");
    tell(&mut connection, "SET suburb Manly");
    assert!(is_silent(&mut connection));
    assert_eq!(ask(&mut direct(&redis), "GET suburb"), "$-1\r\n");
    proxy.heal();
    let mut answers = [0; 10];
    connection.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"+OK\r\n+OK\r\n");
    assert_eq!(ask(&mut direct(&redis), "GET suburb"), "$5\r\nManly\r\n");
    assert_eq!(proxy.traffic().lost_to_server, 0);
}

#[test]
fn a_reset_is_seen_on_both_sides_and_by_open_connections_only() {
    let (redis, proxy) = redis_and_proxy();
    let mut connection = connect(proxy.address());
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    proxy.all().reset();
    assert_eq!(hear(&mut connection).unwrap_err().kind(), ErrorKind::ConnectionReset);
    eventually("the server has lost it too", || clients(&redis) == 1);
    assert_eq!(proxy.traffic().open, 0);
    assert_eq!(ask(&mut connect(proxy.address()), "PING"), "+PONG\r\n");
}

#[test]
fn refusing_concerns_new_connections_only() {
    let (_redis, proxy) = redis_and_proxy();
    let mut before = connect(proxy.address());
    assert_eq!(ask(&mut before, "PING"), "+PONG\r\n");
    proxy.refuse();
    proxy.refuse();
    assert_eq!(TcpStream::connect(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(ask(&mut before, "PING"), "+PONG\r\n");
    proxy.heal();
    assert_eq!(ask(&mut connect(proxy.address()), "PING"), "+PONG\r\n");
}

#[test]
fn subscribers_alone_can_be_made_deaf() {
    let (redis, proxy) = redis_and_proxy();
    let (mut subscriber, mut other) = (connect(proxy.address()), connect(proxy.address()));
    assert!(ask(&mut subscriber, "SUBSCRIBE news").contains("subscribe"));
    assert_eq!((proxy.that_sent("SUBSCRIBE").count(), proxy.all().count()), (1, 2));

    proxy.that_sent("SUBSCRIBE").cut(Way::ToClient);
    assert_eq!(ask(&mut other, "PUBLISH news lost"), ":1\r\n");
    assert!(is_silent(&mut subscriber));
    // The rule is for those to come, too, from the very command on.
    let mut late = connect(proxy.address());
    assert_eq!(ask(&mut late, "PING"), "+PONG\r\n");
    tell(&mut late, "SUBSCRIBE news");
    assert!(is_silent(&mut late));
    assert_eq!(ask(&mut direct(&redis), "PUBSUB NUMSUB news"), "*2\r\n$4\r\nnews\r\n:2\r\n");

    proxy.heal();
    assert_eq!(ask(&mut other, "PUBLISH news heard"), ":2\r\n");
    let heard = hear(&mut subscriber).unwrap();
    assert!(heard.contains("heard") && !heard.contains("lost"), "{heard}");

    proxy.that_sent("SUBSCRIBE").reset();
    assert_eq!(hear(&mut subscriber).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(ask(&mut other, "PING"), "+PONG\r\n");
}

#[test]
fn connections_can_be_chosen_by_anything_their_client_sent() {
    let (_redis, proxy) = redis_and_proxy();
    let (mut one, mut two) = (connect(proxy.address()), connect(proxy.address()));
    assert_eq!(ask(&mut one, "CLIENT SETNAME one"), "+OK\r\n");
    assert_eq!(ask(&mut two, "CLIENT SETNAME two"), "+OK\r\n");
    proxy.those(|sent| !sent.windows(11).any(|window| window == b"SETNAME one")).cut(Way::ToServer);
    assert_eq!(ask(&mut one, "PING"), "+PONG\r\n");
    tell(&mut two, "PING");
    assert!(is_silent(&mut two));
}

#[test]
fn one_fault_is_healed_and_the_others_stay() {
    let (_redis, proxy) = redis_and_proxy();
    let (mut one, mut two) = (connect(proxy.address()), connect(proxy.address()));
    assert_eq!(ask(&mut one, "CLIENT SETNAME one"), "+OK\r\n");
    assert_eq!(ask(&mut two, "CLIENT SETNAME two"), "+OK\r\n");
    let of_one = proxy.that_sent("SETNAME one").hold(Way::ToServer);
    let of_two = proxy.that_sent("SETNAME two").hold(Way::ToServer);
    tell(&mut one, "PING");
    tell(&mut two, "PING");
    assert!(is_silent(&mut one) && is_silent(&mut two));
    of_one.heal();
    assert_eq!(hear(&mut one).unwrap(), "+PONG\r\n");
    assert!(is_silent(&mut two));
    of_two.heal();
    assert_eq!(hear(&mut two).unwrap(), "+PONG\r\n");
}

#[test]
fn the_chosen_are_refused_now_and_later_and_the_others_served() {
    let (_redis, proxy) = redis_and_proxy();
    let (mut one, mut two) = (connect(proxy.address()), connect(proxy.address()));
    assert_eq!(ask(&mut one, "CLIENT SETNAME one"), "+OK\r\n");
    assert_eq!(ask(&mut two, "CLIENT SETNAME two"), "+OK\r\n");
    let refused = proxy.that_sent("SETNAME one").refuse();
    assert_eq!(hear(&mut one).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(ask(&mut two, "PING"), "+PONG\r\n");
    let mut later = connect(proxy.address());
    assert_eq!(ask(&mut later, "PING"), "+PONG\r\n", "it has not said yet who it is");
    tell(&mut later, "CLIENT SETNAME one");
    // The answer may be faster than the reset.
    let end = (0..2).find_map(|_| hear(&mut later).err());
    assert_eq!(end.map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    refused.heal();
    assert_eq!(ask(&mut connect(proxy.address()), "CLIENT SETNAME one"), "+OK\r\n");
}

#[test]
fn a_killed_server_is_a_reset_and_a_restarted_one_is_found_again() {
    let (redis, proxy) = redis_and_proxy();
    let mut before = connect(proxy.address());
    assert_eq!(ask(&mut before, "PING"), "+PONG\r\n");
    redis.kill();
    let end = hear(&mut before);
    assert!(
        end.as_ref().is_ok_and(String::is_empty)
            || end.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "{end:?}"
    );
    let mut meanwhile = connect(proxy.address());
    assert_eq!(hear(&mut meanwhile).unwrap_err().kind(), ErrorKind::ConnectionReset);
    redis.restart().unwrap();
    assert_eq!(ask(&mut connect(proxy.address()), "PING"), "+PONG\r\n");
}

#[test]
fn dropped_it_closes_its_connections_and_its_port() {
    let (redis, proxy) = redis_and_proxy();
    let address = proxy.address();
    let mut connection = connect(address);
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    proxy.all().cut(Way::Both);
    drop(proxy);
    assert_eq!(hear(&mut connection).unwrap(), "");
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    eventually("the server is alone", || clients(&redis) == 1);
}

/// On the one thread of this runtime a proxy that ran there could not answer a call that blocks.
#[tokio::test(start_paused = true)]
async fn it_needs_neither_the_runtime_nor_the_clock_of_the_test() {
    let (_redis, proxy) = redis_and_proxy();
    proxy.all().delay(Way::ToServer, Duration::from_millis(50));
    let mut connection = connect(proxy.address());
    let begun = Instant::now();
    assert_eq!(ask(&mut connection, "PING"), "+PONG\r\n");
    assert!(begun.elapsed() >= Duration::from_millis(50), "{:?}", begun.elapsed());
}
