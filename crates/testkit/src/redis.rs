//! A Redis server that a test owns.

use crate::account::Account;
use crate::home::Home;
use crate::server::{Program, Server};
use crate::{StartError, binary};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

/// A running Redis server on a free port of 127.0.0.1, without persistence; dropping it ends it and removes its folder.
///
/// Every method blocks for milliseconds and takes `&self`, so a server can be shared with tasks of an async test.
///
/// ```
/// use mainstay_testkit::redis::Redis;
///
/// let redis = Redis::start().unwrap();
/// assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.port()));
/// ```
#[derive(Debug)]
pub struct Redis {
    server: Server<RedisServer>,
}

impl Redis {
    /// Starts a server, and returns once it answers `PING`.
    ///
    /// # Errors
    ///
    /// [`StartError::Missing`] if neither `redis-server` nor `valkey-server` is installed; the others if the server does
    /// not start, or does not answer within 20 s.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// A server with arguments of its own.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// The port, the same for the life of this handle.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Kills the server as `kill -9` does: its connections break and its port refuses. Killing twice is no harm.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Stops the server where it is: connections stay, new ones are accepted by the kernel, nothing is answered.
    ///
    /// # Panics
    ///
    /// If the server is not running.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Lets a paused server go on; it then answers what has arrived meanwhile.
    ///
    /// # Panics
    ///
    /// If the server was killed.
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Kills the server if it runs, and starts an empty one on the same port; returns once it answers.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::NoPort`] if another process took the port and keeps it for 20 s.
    pub fn restart(&self) -> Result<(), StartError> {
        self.server.restart()
    }
}

/// Arguments for a [`Redis`].
#[derive(Clone, Debug, Default)]
pub struct RedisBuilder {
    args: Vec<OsString>,
}

impl RedisBuilder {
    /// One more argument of `redis-server`, such as `--maxmemory`; port, address, folder and log level stay ours.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments of `redis-server`, such as `["--maxmemory", "1mb"]`.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Starts the server, and returns once it answers `PING`.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`].
    pub fn start(self) -> Result<Redis, StartError> {
        let path = binary::on_path(&["redis-server", "valkey-server"], "apt-get install redis-server")?;
        let home = Home::make("redis", Account::Own)?;
        Ok(Redis { server: Server::start(RedisServer { path, args: self.args }, home)? })
    }
}

#[derive(Debug)]
struct RedisServer {
    path: PathBuf,
    args: Vec<OsString>,
}

impl Program for RedisServer {
    const NAME: &'static str = "redis-server";
    const READY: &'static str = "Ready to accept connections";

    fn command(&self, home: &Home, port: u16) -> Command {
        let mut command = home.command(&self.path);
        command.args(["--save", "", "--appendonly", "no"]).args(&self.args);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir", "."]);
        command.args(["--daemonize", "no", "--logfile", "", "--loglevel", "notice"]);
        command
    }

    fn answers(&self, mut connection: TcpStream) -> io::Result<bool> {
        connection.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        connection.read_exact(&mut answer)?;
        // The second is how a server started with `--requirepass` answers.
        Ok(matches!(&answer, b"+PONG" | b"-NOAU"))
    }
}
