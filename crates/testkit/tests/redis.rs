//! A Redis server that a test owns: start, pause, kill, restart.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::proxy::{Proxy, Way};
use mainstay_testkit::redis::Redis;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

fn connect(redis: &Redis) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    connection
}

fn ask(connection: &mut TcpStream, command: &str) -> io::Result<String> {
    connection.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = [0; 4096];
    let length = connection.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[test]
fn answers_once_started() {
    let redis = Redis::start().unwrap();
    assert_eq!(ask(&mut connect(&redis), "PING").unwrap(), "+PONG\r\n");
}

#[tokio::test]
async fn the_url_serves_a_client() {
    let redis = Redis::start().unwrap();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg("suburb").arg("Bondi").query_async(&mut connection).await.unwrap();
    let suburb: String = redis::cmd("GET").arg("suburb").query_async(&mut connection).await.unwrap();
    assert_eq!(suburb, "Bondi");
}

#[test]
fn two_servers_are_strangers() {
    let (one, two) = (Redis::start().unwrap(), Redis::start().unwrap());
    assert_ne!(one.port(), two.port());
    assert_eq!(ask(&mut connect(&one), "SET suburb Bondi").unwrap(), "+OK\r\n");
    assert_eq!(ask(&mut connect(&two), "GET suburb").unwrap(), "$-1\r\n");
    one.kill();
    assert_eq!(ask(&mut connect(&two), "PING").unwrap(), "+PONG\r\n");
}

#[test]
fn a_paused_server_is_silent_and_answers_late() {
    let redis = Redis::start().unwrap();
    let mut connection = connect(&redis);
    redis.pause();
    connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let silence = ask(&mut connection, "PING").unwrap_err();
    assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);

    redis.resume();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut late = [0; 7];
    connection.read_exact(&mut late).unwrap();
    assert_eq!(&late, b"+PONG\r\n");
}

#[test]
fn a_killed_server_hangs_up_and_comes_back_empty_on_its_port() {
    let redis = Redis::start().unwrap();
    let mut before = connect(&redis);
    assert_eq!(ask(&mut before, "SET suburb Bondi").unwrap(), "+OK\r\n");
    let url = redis.url();

    redis.kill();
    redis.kill();
    assert!(
        ask(&mut before, "PING").is_ok_and(|answer| answer.is_empty()) || ask(&mut before, "PING").is_err()
    );
    let refused = TcpStream::connect(("127.0.0.1", redis.port())).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

    redis.restart().unwrap();
    assert_eq!(redis.url(), url);
    assert_eq!(ask(&mut connect(&redis), "GET suburb").unwrap(), "$-1\r\n");
}

#[test]
fn a_persistent_server_comes_back_with_its_data_and_another_run_id() {
    let redis = Redis::builder().persistent().start().unwrap();
    let mut before = connect(&redis);
    let run_id = |connection: &mut TcpStream| {
        let info = ask(connection, "INFO server").unwrap();
        info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap().to_owned()
    };
    let first_run = run_id(&mut before);
    assert_eq!(ask(&mut before, "SET suburb Bondi").unwrap(), "+OK\r\n");
    redis.kill();
    redis.restart().unwrap();
    let mut after = connect(&redis);
    assert_eq!(ask(&mut after, "GET suburb").unwrap(), "$5\r\nBondi\r\n");
    assert_ne!(run_id(&mut after), first_run);
}

#[test]
fn a_replica_follows_until_it_is_promoted() {
    let primary = Redis::start().unwrap();
    assert_eq!(ask(&mut connect(&primary), "SET suburb Bondi").unwrap(), "+OK\r\n");
    let replica = primary.replica().unwrap();
    let mut connection = connect(&replica);
    assert_eq!(ask(&mut connection, "GET suburb").unwrap(), "$5\r\nBondi\r\n");
    assert!(ask(&mut connection, "SET suburb Manly").unwrap().starts_with("-READONLY"));

    primary.kill();
    replica.promote().unwrap();
    assert_eq!(ask(&mut connection, "SET suburb Manly").unwrap(), "+OK\r\n");
}

#[test]
fn a_replica_behind_a_proxy_lags_and_once_promoted_has_lost_what_it_never_got() {
    let primary = Redis::start().unwrap();
    let proxy = Proxy::to(("127.0.0.1", primary.port())).unwrap();
    let replica = Redis::builder().replica_of(proxy.port()).start().unwrap();
    let (mut writer, mut reader) = (connect(&primary), connect(&replica));
    assert_eq!(ask(&mut writer, "SET suburb Bondi").unwrap(), "+OK\r\n");
    assert_eq!(ask(&mut writer, "WAIT 1 10000").unwrap(), ":1\r\n");

    proxy.all().hold(Way::ToClient);
    assert_eq!(ask(&mut writer, "SET suburb Manly").unwrap(), "+OK\r\n");
    assert_eq!(ask(&mut writer, "WAIT 1 100").unwrap(), ":0\r\n");
    assert_eq!(ask(&mut reader, "GET suburb").unwrap(), "$5\r\nBondi\r\n");

    primary.kill();
    replica.promote().unwrap();
    proxy.heal();
    assert_eq!(ask(&mut reader, "GET suburb").unwrap(), "$5\r\nBondi\r\n");
    assert_eq!(ask(&mut reader, "SET suburb Coogee").unwrap(), "+OK\r\n");
}

#[test]
fn a_server_that_cannot_be_asked_is_told_with_its_port_and_the_command() {
    let redis = Redis::start().unwrap();
    redis.kill();
    let error = redis.promote().unwrap_err().to_string();
    assert!(error.contains(&redis.port().to_string()) && error.contains("REPLICAOF NO ONE"), "{error}");

    redis.restart().unwrap();
    redis.pause();
    let begun = Instant::now();
    let error = redis.promote().unwrap_err().to_string();
    assert!(error.contains("REPLICAOF NO ONE"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_running_or_paused_server_can_be_restarted() {
    let redis = Redis::start().unwrap();
    let mut before = connect(&redis);
    assert_eq!(ask(&mut before, "SET suburb Bondi").unwrap(), "+OK\r\n");
    redis.restart().unwrap();
    assert_eq!(ask(&mut connect(&redis), "GET suburb").unwrap(), "$-1\r\n");
    redis.pause();
    redis.restart().unwrap();
    assert_eq!(ask(&mut connect(&redis), "PING").unwrap(), "+PONG\r\n");
}

#[test]
fn a_restart_waits_for_its_port() {
    let redis = Redis::start().unwrap();
    redis.kill();
    let squatter = TcpListener::bind(("127.0.0.1", redis.port())).unwrap();
    thread::scope(|scope| {
        let restart = scope.spawn(|| redis.restart());
        thread::sleep(Duration::from_millis(300));
        assert!(!restart.is_finished(), "the port was taken");
        drop(squatter);
        restart.join().unwrap().unwrap();
    });
    assert_eq!(ask(&mut connect(&redis), "PING").unwrap(), "+PONG\r\n");
}

#[test]
fn arguments_reach_the_server() {
    let redis =
        Redis::builder().arg("--maxmemory").arg("1234567").args(["--databases", "3"]).start().unwrap();
    let mut connection = connect(&redis);
    let answer = ask(&mut connection, "CONFIG GET maxmemory").unwrap();
    assert!(answer.contains("1234567"), "{answer}");
    assert_eq!(ask(&mut connection, "SELECT 3").unwrap(), "-ERR DB index is out of range\r\n");
}

#[test]
fn a_server_with_a_password_starts() {
    let redis = Redis::builder().args(["--requirepass", "open"]).start().unwrap();
    assert_eq!(ask(&mut connect(&redis), "AUTH open").unwrap(), "+OK\r\n");
}

#[test]
fn a_wrong_argument_is_told_in_the_words_of_the_server() {
    let error = Redis::builder().arg("--no-such-setting").start().unwrap_err().to_string();
    assert!(error.contains("redis-server ended") && error.contains("no-such-setting"), "{error}");
}

#[test]
#[should_panic(expected = "cannot pause redis-server: it was killed")]
fn pausing_a_killed_server_is_a_mistake_of_the_test() {
    let redis = Redis::start().unwrap();
    redis.kill();
    redis.pause();
}
