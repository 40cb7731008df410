use super::ask::ask;
use super::mode::Mode;
use crate::account::Account;
use crate::home::Home;
use crate::server::{Program, Server};
use crate::{StartError, binary, wait};
use ::redis::{FromRedisValue, cmd};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a replica may take to have caught up with its primary.
const CATCH_UP: Duration = Duration::from_secs(20);

/// A running Redis server on a free port of 127.0.0.1; dropping it ends it and removes its folder.
///
/// It keeps nothing on disk, unless [`RedisBuilder::persistent`] says so.
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

    /// Kills the server if it runs, and starts it again on the same port; returns once it answers.
    ///
    /// It comes back empty, or, if it is [persistent](RedisBuilder::persistent), with every write that it had
    /// acknowledged; its run id is a new one either way. A server that was started as a replica follows its
    /// first primary again.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::NoPort`] if another process took the port and keeps it for 20 s.
    pub fn restart(&self) -> Result<(), StartError> {
        self.server.restart()
    }

    /// Starts a server that follows this one, with the same arguments; returns once it has caught up.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::Unsettled`] if it has not caught up within 20 s.
    pub fn replica(&self) -> Result<Self, StartError> {
        RedisBuilder::from(self.server.program()).replica_of(self.port()).start()
    }

    /// Makes a replica a primary, with what it has received so far; returns once it takes writes.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if the server does not answer.
    pub fn promote(&self) -> Result<(), StartError> {
        self.ask(cmd("REPLICAOF").arg("NO").arg("ONE"))
    }

    /// Has the server tell others that it is found on another port of 127.0.0.1, also when it is started again.
    pub(super) fn announce(&self, port: u16) -> Result<(), StartError> {
        let program = self.server.program();
        program.announced.store(port, Ordering::Relaxed);
        let setting = program.mode().announces();
        self.ask(cmd("CONFIG").arg("SET").arg(setting).arg(port))
    }

    /// What it is to be when it is started again, as if that were written in its configuration file.
    pub(super) fn starts_as(&self, mode: Mode) {
        *self.server.program().mode() = mode;
    }

    /// A question to it would be waited for in vain.
    pub(super) fn is_paused(&self) -> bool {
        self.server.is_paused()
    }

    pub(super) fn ask<T: FromRedisValue>(&self, question: &::redis::Cmd) -> Result<T, StartError> {
        ask(self.port(), question)
    }

    /// Waits until this server is a replica that has caught up.
    pub(super) fn caught_up(&self) -> Result<(), StartError> {
        let awaited = format!("a replica on 127.0.0.1:{} that has caught up", self.port());
        wait::until(&awaited, CATCH_UP, || {
            let replication = self.replication().map_err(|error| error.to_string())?;
            match replication.get("master_link_status").map(String::as_str) {
                Some("up") => Ok(()),
                _ => Err(format!("{replication:?}")),
            }
        })
    }

    /// The section `replication` of `INFO`.
    pub(super) fn replication(&self) -> Result<HashMap<String, String>, StartError> {
        let text: String = self.ask(cmd("INFO").arg("replication"))?;
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Ok(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }
}

/// Arguments for a [`Redis`].
#[derive(Clone, Debug, Default)]
pub struct RedisBuilder {
    args: Vec<OsString>,
    persistent: bool,
    mode: Mode,
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

    /// Every write is in the append-only file before it is acknowledged, so that a killed server comes back with its
    /// data; a killed machine is not thought of.
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// The server follows the primary on that port of 127.0.0.1. A [`Proxy`](crate::proxy::Proxy) before the primary may
    /// be named instead: what it holds back the replica lags by, and what it holds back when the primary dies is lost.
    pub fn replica_of(self, port: u16) -> Self {
        self.mode(Mode::Replica { primary: port })
    }

    pub(super) fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Starts the server, and returns once it answers `PING`, and has caught up if it is a replica.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`], and [`StartError::Unsettled`] if a replica has not caught up within 20 s.
    pub fn start(self) -> Result<Redis, StartError> {
        let program = RedisServer {
            path: program()?,
            args: self.args,
            persistent: self.persistent,
            mode: Mutex::new(self.mode),
            announced: AtomicU16::new(0),
        };
        let redis = Redis { server: Server::start(program, Home::make("redis", Account::Own)?)? };
        if matches!(self.mode, Mode::Replica { .. }) {
            redis.caught_up()?;
        }
        Ok(redis)
    }
}

impl From<&RedisServer> for RedisBuilder {
    fn from(RedisServer { path: _, args, persistent, mode, announced: _ }: &RedisServer) -> Self {
        let mode = *mode.lock().unwrap_or_else(PoisonError::into_inner);
        Self { args: args.clone(), persistent: *persistent, mode }
    }
}

/// One program serves as server and as Sentinel.
pub(super) fn program() -> Result<PathBuf, StartError> {
    binary::on_path(&["redis-server", "valkey-server"], "apt-get install redis-server")
}

/// The second is how a server started with `--requirepass` answers.
pub(super) fn pongs(mut connection: TcpStream) -> io::Result<bool> {
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    Ok(matches!(&answer, b"+PONG" | b"-NOAU"))
}

#[derive(Debug)]
struct RedisServer {
    path: PathBuf,
    args: Vec<OsString>,
    persistent: bool,
    mode: Mutex<Mode>,
    /// The port that others are told, if not its own: else 0.
    announced: AtomicU16,
}

impl RedisServer {
    fn mode(&self) -> MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Program for RedisServer {
    const NAME: &'static str = "redis-server";
    const READY: &'static str = "Ready to accept connections";

    fn command(&self, home: &Home, port: u16) -> Command {
        let mut command = home.command(&self.path);
        // The data are written to the file before the answer; only the flush to disk is left to the system.
        command.args(["--save", "", "--appendonly", if self.persistent { "yes" } else { "no" }]);
        // Else what a replica was sent first would lie there when it is started again.
        command.args(["--rdb-del-sync-files", "yes"]);
        // By default a primary waits 5 s for more replicas before it serves the first.
        command.args(["--repl-diskless-sync-delay", "0"]).args(&self.args);
        let mode = *self.mode();
        mode.apply(&mut command, port);
        match self.announced.load(Ordering::Relaxed) {
            0 => {}
            announced => {
                command.arg(format!("--{}", mode.announces())).arg(announced.to_string());
            }
        }
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir", "."]);
        command.args(["--daemonize", "no", "--logfile", "", "--loglevel", "notice"]);
        command
    }

    fn answers(&self, connection: TcpStream) -> io::Result<bool> {
        pongs(connection)
    }
}
