use crate::home::Home;
use crate::process::Tree;
use crate::{StartError, port};
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take from its start to its first answer.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
const PORTS: usize = 20;

/// What differs between one kind of server and another.
pub(crate) trait Program {
    const NAME: &'static str;
    /// What the server writes to its log once it listens. An answer alone would not do: it may come from another
    /// process that took the port first.
    const READY: &'static str;

    fn command(&self, home: &Home, port: u16) -> Command;

    /// Asks a question over a new connection; true if the answer is the expected one.
    fn answers(&self, connection: TcpStream) -> io::Result<bool>;
}

/// A server process on a port of its own.
#[derive(Debug)]
pub(crate) struct Server<P> {
    program: P,
    port: u16,
    /// `None` once killed. Declared before `home`, which removes the folder under it.
    process: Mutex<Option<Child>>,
    paused: AtomicBool,
    home: Home,
}

impl<P: Program> Server<P> {
    pub(crate) fn start(program: P, home: Home) -> Result<Self, StartError> {
        let mut tried = 0;
        for _ in 0..PORTS {
            let Some(port) = port::free() else { break };
            tried = port;
            if let Some(process) = launch(&program, &home, port)? {
                let process = Mutex::new(Some(process));
                return Ok(Self { program, port, process, paused: AtomicBool::new(false), home });
            }
        }
        Err(StartError::NoPort { server: P::NAME, port: tried })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn program(&self) -> &P {
        &self.program
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn kill(&self) {
        self.end(&mut self.process());
    }

    pub(crate) fn pause(&self) {
        self.tree("pause").stop();
        self.paused.store(true, Ordering::Relaxed);
    }

    pub(crate) fn resume(&self) {
        self.tree("resume").resume();
        self.paused.store(false, Ordering::Relaxed);
    }

    /// A question to it would be waited for in vain.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    pub(crate) fn restart(&self) -> Result<(), StartError> {
        let mut process = self.process();
        self.end(&mut process);
        let deadline = Instant::now() + PATIENCE;
        while process.is_none() {
            if Instant::now() > deadline {
                return Err(StartError::NoPort { server: P::NAME, port: self.port });
            }
            *process = launch(&self.program, &self.home, self.port)?;
        }
        Ok(())
    }
}

impl<P> Server<P> {
    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, process: &mut Option<Child>) {
        if let Some(child) = process.take() {
            end(child);
        }
        self.paused.store(false, Ordering::Relaxed);
    }
}

impl<P: Program> Server<P> {
    fn tree(&self, wish: &str) -> Tree {
        let process = self.process();
        let child = process.as_ref().unwrap_or_else(|| panic!("cannot {wish} {}: it was killed", P::NAME));
        Tree::of(child.id())
    }
}

impl<P> Drop for Server<P> {
    fn drop(&mut self) {
        self.end(&mut self.process());
    }
}

/// A server that answers; `None` if another process has the port.
fn launch<P: Program>(program: &P, home: &Home, port: u16) -> Result<Option<Child>, StartError> {
    let log_path = home.path().join("log");
    let log = File::create(&log_path).map_err(StartError::folder(&log_path))?;
    let errors = log.try_clone().map_err(StartError::folder(&log_path))?;
    let mut command = program.command(home, port);
    command.stdout(log).stderr(errors);
    let mut child = command.spawn().map_err(StartError::spawn(command.get_program()))?;

    let deadline = Instant::now() + PATIENCE;
    loop {
        let output =
            fs::read(&log_path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        if output.contains("Address already in use") {
            end(child);
            return Ok(None);
        }
        if let Some(status) = child.try_wait().map_err(StartError::spawn(command.get_program()))? {
            return Err(StartError::Ended { program: P::NAME, status, output: last_lines(&output) });
        }
        if output.contains(P::READY) && answers(program, port).unwrap_or(false) {
            return Ok(Some(child));
        }
        if Instant::now() > deadline {
            end(child);
            return Err(StartError::Silent {
                server: P::NAME,
                port,
                waited: PATIENCE,
                output: last_lines(&output),
            });
        }
        thread::sleep(POLL);
    }
}

fn answers<P: Program>(program: &P, port: u16) -> io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let connection = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.set_write_timeout(Some(Duration::from_secs(1)))?;
    program.answers(connection)
}

fn end(mut child: Child) {
    Tree::of(child.id()).kill();
    let _already_reaped = child.wait();
}

pub(crate) fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
