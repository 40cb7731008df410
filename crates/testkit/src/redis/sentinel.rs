use super::ask::ask;
use super::server::{pongs, program};
use crate::StartError;
use crate::account::Account;
use crate::home::Home;
use crate::server::{Program, Server};
use ::redis::{FromRedisValue, cmd};
use std::collections::HashMap;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

pub(super) const MASTER_NAME: &str = "mainstay";

const CONFIG: &str = "sentinel.conf";

/// Sentinel's periods, in milliseconds. Its own are made for machines that run for months; with them a start or a return
/// takes ten seconds.
const PERIODS: &[(&str, u64)] = &[
    ("info-period", 300),
    ("ping-period", 200),
    ("ask-period", 100),
    // A server that calls itself primary for four of these is made a replica again. It must be longer than the second in
    // which the Sentinel that promotes a replica may see that it did, or the others take the promotion back.
    ("publish-period", 500),
    // How long Sentinel does nothing after its clock jumped, or it got no processor for two seconds.
    ("tilt-period", 1_000),
    // How soon it replaces a connection that a paused server left hanging.
    ("min-link-reconnect-period", 500),
];

/// One running Sentinel of a [`RedisSentinel`](super::RedisSentinel), on a free port of 127.0.0.1.
#[derive(Debug)]
pub struct Sentinel {
    server: Server<SentinelServer>,
}

/// What the Sentinels watch, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub(super) primary: u16,
    pub(super) quorum: usize,
    pub(super) down_after: Duration,
    pub(super) failover_timeout: Duration,
}

impl Sentinel {
    pub(super) fn start(watch: Watch) -> Result<Self, StartError> {
        let path = program()?;
        let home = Home::make("sentinel", Account::Own)?;
        // A Sentinel keeps in this file what it learns, and refuses to start without one.
        let config = home.data().join(CONFIG);
        fs::write(&config, watch.config()).map_err(StartError::folder(&config))?;
        let sentinel = Self { server: Server::start(SentinelServer { path }, home)? };
        sentinel.hurry()?;
        Ok(sentinel)
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// The port, the same for the life of this handle.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Kills the Sentinel as `kill -9` does. Killing twice is no harm.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Stops the Sentinel where it is: connected, and silent.
    ///
    /// # Panics
    ///
    /// If it is not running.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Lets a paused Sentinel go on.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Kills the Sentinel if it runs, and starts it again on the same port, with what it knew.
    ///
    /// # Errors
    ///
    /// As [`Redis::restart`](super::Redis::restart), and [`StartError::Command`] if it does not answer.
    pub fn restart(&self) -> Result<(), StartError> {
        self.server.restart()?;
        self.hurry()
    }

    /// A question to it would be waited for in vain.
    pub(super) fn is_paused(&self) -> bool {
        self.server.is_paused()
    }

    /// The port of the primary, as this Sentinel knows it.
    pub(super) fn primary(&self) -> Result<u16, StartError> {
        let (_, port): (String, u16) = self.ask(&["GET-MASTER-ADDR-BY-NAME", MASTER_NAME])?;
        Ok(port)
    }

    pub(super) fn fail_over(&self) -> Result<(), StartError> {
        self.ask(&["FAILOVER", MASTER_NAME])
    }

    /// What this Sentinel knows of the primary.
    pub(super) fn master(&self) -> Result<HashMap<String, String>, StartError> {
        self.ask(&["MASTER", MASTER_NAME])
    }

    /// What this Sentinel knows of each replica.
    pub(super) fn replicas(&self) -> Result<Vec<HashMap<String, String>>, StartError> {
        self.ask(&["REPLICAS", MASTER_NAME])
    }

    fn hurry(&self) -> Result<(), StartError> {
        for (period, milliseconds) in PERIODS {
            self.ask::<()>(&["DEBUG", period, &milliseconds.to_string()])?;
        }
        Ok(())
    }

    fn ask<T: FromRedisValue>(&self, words: &[&str]) -> Result<T, StartError> {
        ask(self.port(), cmd("SENTINEL").arg(words))
    }
}

impl Watch {
    fn config(&self) -> String {
        let Self { primary, quorum, down_after, failover_timeout } = self;
        let (down_after, failover_timeout) = (down_after.as_millis(), failover_timeout.as_millis());
        format!(
            "sentinel monitor {MASTER_NAME} 127.0.0.1 {primary} {quorum}\n\
             sentinel down-after-milliseconds {MASTER_NAME} {down_after}\n\
             sentinel failover-timeout {MASTER_NAME} {failover_timeout}\n\
             sentinel parallel-syncs {MASTER_NAME} 8\n"
        )
    }
}

#[derive(Debug)]
struct SentinelServer {
    path: PathBuf,
}

impl Program for SentinelServer {
    const NAME: &'static str = "redis-sentinel";
    const READY: &'static str = "Sentinel ID is";

    fn command(&self, home: &Home, port: u16) -> Command {
        let mut command = home.command(&self.path);
        command.args([CONFIG, "--sentinel", "--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--daemonize", "no", "--logfile", "", "--loglevel", "notice"]);
        command
    }

    fn answers(&self, connection: TcpStream) -> io::Result<bool> {
        pongs(connection)
    }
}
