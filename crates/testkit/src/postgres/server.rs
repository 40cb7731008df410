use super::binaries::Binaries;
use super::template::{self, run};
use crate::StartError;
use crate::account::Account;
use crate::home::Home;
use crate::server::{Program, Server};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// A running PostgreSQL server with a cluster of its own on a free port of 127.0.0.1; dropping it ends it and removes
/// its folder.
///
/// Every connection from this machine is trusted; `postgres` is the superuser. The locale is C, the encoding UTF-8, and
/// nothing is synced to disk: a commit survives the death of the server, not that of the machine.
///
/// Every method blocks, mostly for milliseconds, and takes `&self`, so a server can be shared with tasks of an async test.
///
/// ```
/// use mainstay_testkit::postgres::Postgres;
///
/// let postgres = Postgres::start().unwrap();
/// let orders = postgres.create_database("orders").unwrap();
/// assert_eq!(orders, format!("postgres://postgres@127.0.0.1:{}/orders", postgres.port()));
/// ```
#[derive(Debug)]
pub struct Postgres {
    server: Server<PostgresServer>,
}

impl Postgres {
    /// Starts a server on a fresh cluster, and returns once it accepts connections.
    ///
    /// # Errors
    ///
    /// [`StartError::Missing`] and [`StartError::TooOld`] if PostgreSQL 15 or newer is not installed; the others if the
    /// server does not start, or does not answer within 20 s.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// A server with settings of its own.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }

    /// The superuser's URL of the empty database that a fresh cluster has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The port, the same for the life of this handle.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Creates an empty database, and returns the superuser's URL of it.
    ///
    /// # Errors
    ///
    /// [`StartError::Ended`] with the words of `psql`, if the name is taken or the server does not answer.
    pub fn create_database(&self, name: &str) -> Result<String, StartError> {
        self.psql(&format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")))?;
        Ok(self.url_of(name))
    }

    /// Kills the server and its backends as `kill -9` does: connections break and the port refuses. Killing twice is no
    /// harm.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Stops the server and its backends where they are: connections stay, new ones are accepted by the kernel, nothing
    /// is answered.
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

    /// Kills the server if it runs, and starts it on the same port and data; returns once it has recovered and accepts
    /// connections.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::NoPort`] if another process took the port and keeps it for 20 s.
    pub fn restart(&self) -> Result<(), StartError> {
        self.server.restart()
    }

    /// Starts a server that follows this one by streaming replication, on a copy of its cluster, with the same settings; returns once it
    /// accepts connections, which only read.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::Ended`] with the words of `pg_basebackup`.
    pub fn replica(&self) -> Result<Self, StartError> {
        let PostgresServer { binaries, settings } = self.server.program();
        let home = template::follow(binaries, Account::unprivileged()?, &self.url())?;
        let program = PostgresServer { binaries: binaries.clone(), settings: settings.clone() };
        Ok(Self { server: Server::start(program, home)? })
    }

    /// Makes a replica the primary of a new timeline; returns once it takes writes.
    ///
    /// # Errors
    ///
    /// [`StartError::Ended`] with the words of `psql`, if this is no replica or it does not answer.
    pub fn promote(&self) -> Result<(), StartError> {
        self.psql("SELECT pg_promote()")
    }

    fn psql(&self, command: &str) -> Result<(), StartError> {
        let mut psql = self.server.home().command(&self.server.program().binaries.psql);
        psql.args(["--no-psqlrc", "--quiet", "--command", command]).arg(self.url());
        run("psql", psql)
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = format!("postgres://postgres@127.0.0.1:{}/", self.port());
        for byte in database.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                write!(url, "%{byte:02X}").expect("a String takes every write");
            }
        }
        url
    }
}

/// Settings for a [`Postgres`].
#[derive(Clone, Debug, Default)]
pub struct PostgresBuilder {
    settings: Vec<(String, String)>,
}

impl PostgresBuilder {
    /// One setting of `postgresql.conf`, such as `("shared_preload_libraries", "pg_stat_statements")`.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Starts the server, and returns once it accepts connections.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`].
    pub fn start(self) -> Result<Postgres, StartError> {
        let binaries = Binaries::find()?;
        let home = template::copy(&binaries, Account::unprivileged()?)?;
        Ok(Postgres { server: Server::start(PostgresServer { binaries, settings: self.settings }, home)? })
    }
}

#[derive(Debug)]
struct PostgresServer {
    binaries: Binaries,
    settings: Vec<(String, String)>,
}

/// A commit is written out before it is acknowledged (`synchronous_commit` stays on), which is what survives `kill -9`;
/// only the flush to disk is left out.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "32MB"),
    ("max_wal_size", "1GB"),
    // Files in the data directory: segments in /dev/shm would outlive a killed server.
    ("dynamic_shared_memory_type", "mmap"),
];

const FIXED: &[(&str, &str)] =
    &[("listen_addresses", "127.0.0.1"), ("logging_collector", "off"), ("log_destination", "stderr")];

impl Program for PostgresServer {
    const NAME: &'static str = "postgres";
    /// "… connections", or "… read-only connections" where it follows another.
    const READY: &'static str = "database system is ready to accept";

    fn command(&self, home: &Home, port: u16) -> Command {
        let mut command = home.command(&self.binaries.postgres);
        command.arg("-D").arg(home.data()).args(["-p", &port.to_string()]).arg("-k").arg(home.path());
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.iter().copied().chain(own).chain(FIXED.iter().copied()) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// Asks whether the server speaks TLS, the one question that may be put before the startup packet.
    fn answers(&self, mut connection: TcpStream) -> io::Result<bool> {
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        connection.write_all(&SSL_REQUEST)?;
        let mut answer = [0];
        connection.read_exact(&mut answer)?;
        Ok(matches!(&answer, b"N" | b"S"))
    }
}
