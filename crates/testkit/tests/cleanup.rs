//! Nothing is left behind, whatever ends the test process.
//!
//! Each test runs this same binary once more as a child, in a temporary folder of its own, and watches what remains.
#![allow(clippy::unwrap_used)]

use mainstay_testkit::postgres::Postgres;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::{Redis, RedisCluster, RedisSentinel, Sentinel};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};
use tempfile::TempDir;

const ROLE: &str = "MAINSTAY_TESTKIT_ROLE";

#[test]
fn after_drop() {
    play_role();
    let mut child = Owner::spawn("after_drop", "drop");
    child.servers_are_up();
    child.say("drop");
    assert_eq!(child.hear(), "dropped");
    // The template of this process's clusters stays as long as the process does.
    child.nothing_remains(&["template"]);
    child.say("end");
    child.nothing_remains(&[]);
}

#[test]
fn after_a_panic() {
    play_role();
    let mut child = Owner::spawn("after_a_panic", "panic");
    child.servers_are_up();
    child.say("panic");
    assert!(!child.process.wait().unwrap().success());
    child.nothing_remains(&[]);
}

#[test]
fn after_kill_9() {
    play_role();
    let mut child = Owner::spawn("after_kill_9", "wait");
    child.servers_are_up();
    kill(child.pid(), Signal::SIGKILL).unwrap();
    child.nothing_remains(&[]);
}

#[test]
fn after_kill_9_with_paused_servers() {
    play_role();
    let mut child = Owner::spawn("after_kill_9_with_paused_servers", "pause");
    child.servers_are_up();
    child.say("pause");
    assert_eq!(child.hear(), "paused");
    kill(child.pid(), Signal::SIGKILL).unwrap();
    child.nothing_remains(&[]);
}

#[test]
fn after_kill_9_during_the_start() {
    play_role();
    // Moments from before the first server to after the last, on a machine of any speed.
    let whole = {
        let begun = Instant::now();
        let mut child = Owner::spawn("after_kill_9_during_the_start", "wait");
        child.servers_are_up();
        let whole = begun.elapsed();
        kill(child.pid(), Signal::SIGKILL).unwrap();
        child.nothing_remains(&[]);
        whole
    };
    for share in 1..6 {
        let mut child = Owner::spawn("after_kill_9_during_the_start", "wait");
        thread::sleep(whole * share / 6);
        let mapped = child.shared_memory();
        kill(child.pid(), Signal::SIGKILL).unwrap();
        child.nothing_remains(&[]);
        let left: Vec<_> = mapped.into_iter().filter(|segment| fs::exists(segment).unwrap()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

#[test]
fn after_ctrl_c() {
    play_role();
    let mut child = Owner::spawn("after_ctrl_c", "wait");
    child.servers_are_up();
    killpg(child.pid(), Signal::SIGINT).unwrap();
    child.nothing_remains(&[]);
}

#[test]
fn of_sentinels_after_drop_and_of_a_cluster_after_a_panic() {
    play_role();
    let mut child = Owner::spawn("of_sentinels_after_drop_and_of_a_cluster_after_a_panic", "fleet end");
    child.fleet_is_up();
    child.say("end");
    assert_eq!(child.hear(), "ended");
    // All folders are gone while the child lives, and with them all processes but its own.
    assert_eq!(child.folders(&[]), Vec::<String>::new());
    assert!(child.ports.iter().all(|&port| !listens(port)));
    child.say("end");
    child.nothing_remains(&[]);
}

#[test]
fn of_sentinels_and_a_cluster_after_kill_9_with_some_of_them_paused() {
    play_role();
    let mut child =
        Owner::spawn("of_sentinels_and_a_cluster_after_kill_9_with_some_of_them_paused", "fleet pause");
    child.fleet_is_up();
    child.say("pause");
    assert_eq!(child.hear(), "paused");
    // Servers whose folder somebody took away are found all the same.
    for folder in &child.folders(&[])[..4] {
        fs::remove_dir_all(folder).unwrap();
    }
    kill(child.pid(), Signal::SIGKILL).unwrap();
    child.nothing_remains(&[]);
}

#[test]
fn a_missing_server_is_named_with_the_command_that_installs_it() {
    play_role();
    let mut child = Owner::spawn("a_missing_server_is_named_with_the_command_that_installs_it", "missing");
    let error = child.hear();
    assert!(error.contains("redis-server was not found"), "{error}");
    assert!(error.contains("apt-get install redis-server"), "{error}");
}

/// A child that owns servers.
struct Owner {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    folder: TempDir,
    ports: Vec<u16>,
    segment: String,
}

impl Owner {
    fn spawn(test: &str, role: &str) -> Self {
        let in_memory =
            statvfs("/dev/shm").is_ok_and(|shm| shm.blocks_available() * shm.fragment_size() > 1 << 30);
        let folder = if in_memory { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() }.unwrap();
        // The account that PostgreSQL runs as has to reach its cluster.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(ROLE, role).env("TMPDIR", folder.path());
        if role == "missing" {
            command.env("PATH", folder.path());
        }
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output, folder, ports: Vec::new(), segment: String::new() }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.process.id().try_into().unwrap())
    }

    fn say(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line that the role wrote, not the test harness around it.
    fn hear(&mut self) -> String {
        for line in self.output.by_ref().lines() {
            if let Some((_, said)) = line.unwrap().split_once("said: ") {
                return said.to_owned();
            }
        }
        panic!("the child ended without a word");
    }

    /// Without this, finding nothing afterwards would prove nothing.
    fn servers_are_up(&mut self) {
        self.ports = self.hear().split(' ').map(|port| port.parse().unwrap()).collect();
        for &port in &self.ports {
            TcpStream::connect(("127.0.0.1", port)).unwrap();
        }
        assert_eq!(self.folders(&[]).len(), 3, "a Redis, a PostgreSQL and its template");
        assert!(
            self.processes().len() >= 3,
            "guardians and PostgreSQL show the folder in their command lines"
        );
        let cluster = self.folders(&["template", "redis"]).pop().unwrap();
        let lock = fs::read_to_string(format!("{cluster}/data/postmaster.pid")).unwrap();
        lock.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().clone_into(&mut self.segment);
        assert!(self.segment_exists());
    }

    /// The same of a child with Sentinels and a Cluster: their servers, and a proxy in the child itself.
    fn fleet_is_up(&mut self) {
        self.ports = self.hear().split(' ').map(|port| port.parse().unwrap()).collect();
        assert_eq!(self.ports.len(), 2 + 3 + 3 + 1);
        for &port in &self.ports {
            TcpStream::connect(("127.0.0.1", port)).unwrap();
        }
        assert_eq!(self.folders(&[]).len(), 2 + 3 + 3, "a folder for each server");
        assert!(self.processes().len() >= 2 + 3 + 3, "guardians show the folder in their command lines");
    }

    fn nothing_remains(&mut self, but: &[&str]) {
        if but.is_empty() {
            self.process.wait().unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let folders = self.folders(but);
            let mut processes = self.processes();
            processes.retain(|process| !but.iter().any(|kept| process.contains(kept)));
            if but.contains(&"template") {
                processes.retain(|process| !process.contains("--exact"));
            }
            let listening: Vec<_> = self.ports.iter().filter(|&&port| listens(port)).collect();
            if folders.is_empty() && processes.is_empty() && listening.is_empty() && !self.segment_exists() {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "left behind: {folders:?}, {processes:?}, ports {listening:?}, segment {}",
                self.segment
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn folders(&self, but: &[&str]) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
            .filter(|path| !but.iter().any(|kept| path.contains(kept)))
            .collect()
    }

    fn processes(&self) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
        lines.filter(|line| line.contains(folder)).collect()
    }

    /// The POSIX segments that processes of this folder hold now.
    fn shared_memory(&self) -> HashSet<String> {
        let mut segments = HashSet::new();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let inside = fs::read_link(process.path().join("cwd"))
                .is_ok_and(|cwd| cwd.starts_with(self.folder.path()));
            if let (true, Ok(maps)) = (inside, fs::read_to_string(process.path().join("maps"))) {
                let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
                segments
                    .extend(paths.filter(|path| path.starts_with("/dev/shm/PostgreSQL.")).map(str::to_owned));
            }
        }
        segments
    }

    fn segment_exists(&self) -> bool {
        let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
        segments.lines().any(|line| line.split_whitespace().nth(1) == Some(&self.segment))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _gone_already = self.process.wait();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// In the child: play the part and end the process. In the test itself: nothing.
fn play_role() {
    let Ok(role) = env::var(ROLE) else { return };
    if role == "missing" {
        say(&format!("{:?}", Redis::start().unwrap_err()));
        std::process::exit(0);
    }
    if let Some(end) = role.strip_prefix("fleet ") {
        play_fleet(end);
    }
    let redis = Redis::start().unwrap();
    let postgres = Postgres::start().unwrap();
    say(&format!("{} {}", redis.port(), postgres.port()));
    hear();
    match role.as_str() {
        "drop" => {
            drop((redis, postgres));
            say("dropped");
        }
        "pause" => {
            redis.pause();
            postgres.pause();
            say("paused");
        }
        "panic" => panic!("as told"),
        _ => {}
    }
    hear();
    std::process::exit(0);
}

fn play_fleet(end: &str) -> ! {
    let (cluster, sentinel) = thread::scope(|scope| {
        let sentinel = scope.spawn(|| RedisSentinel::start().unwrap());
        (RedisCluster::start().unwrap(), sentinel.join().unwrap())
    });
    let proxy = Proxy::to(("127.0.0.1", sentinel.nodes()[0].port())).unwrap();
    let servers = sentinel.nodes().iter().chain(cluster.nodes()).map(Redis::port);
    let ports: Vec<String> = servers
        .chain(sentinel.sentinels().iter().map(Sentinel::port))
        .chain([proxy.port()])
        .map(|port| port.to_string())
        .collect();
    say(&ports.join(" "));
    hear();
    match end {
        "end" => {
            drop((sentinel, proxy));
            let panicking = thread::spawn(move || {
                let _cluster = cluster;
                panic!("as told")
            });
            assert!(panicking.join().is_err());
            say("ended");
        }
        "pause" => {
            sentinel.nodes()[0].pause();
            sentinel.sentinels()[1].pause();
            cluster.nodes()[1].pause();
            cluster.nodes()[2].kill();
            say("paused");
        }
        _ => unreachable!("an end that no test asks for: {end}"),
    }
    hear();
    std::process::exit(0);
}

/// Past the harness, which holds back what a test prints.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "said: {line}").and_then(|()| stdout.flush()).unwrap();
}

fn hear() {
    io::stdin().lock().read_line(&mut String::new()).unwrap();
}
