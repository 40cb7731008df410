use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a server could not be started, or could not be made ready for a test.
///
/// `Debug` prints the same text as `Display`, because `start().unwrap()` is how a test reads it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A program is not installed, or not where it is looked for.
    #[error("{program} was not found (looked in {looked_in}); install it: {install}")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// The folders that were searched.
        looked_in: String,
        /// The command that installs it on Debian.
        install: &'static str,
    },
    /// The newest PostgreSQL found is too old.
    #[error("the newest PostgreSQL found is {found} ({path}); 15 or newer is needed: {install}")]
    TooOld {
        /// What `postgres --version` printed.
        found: String,
        /// The program that was asked.
        path: PathBuf,
        /// The command that installs it on Debian.
        install: &'static str,
    },
    /// PostgreSQL refuses to run as root, and there is no other user to run it as.
    #[error(
        "PostgreSQL refuses to run as root, and neither user `postgres` nor `nobody` exists; \
         run the tests as another user, or: useradd --system postgres"
    )]
    NoAccount,
    /// A program could not be run at all.
    #[error("{program} could not be run: {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The temporary folder could not be made.
    #[error("the folder {path} could not be prepared: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// No port of 127.0.0.1 was free.
    #[error("no free port on 127.0.0.1 for {server}; the last one tried was {port}")]
    NoPort {
        /// The server's name.
        server: &'static str,
        /// The last port tried.
        port: u16,
    },
    /// A program ended, with what it said last, instead of doing its work.
    #[error("{program} ended ({status}); it said last:\n{output}")]
    Ended {
        /// The program's name.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// The server runs, and did not answer in time.
    #[error("{server} did not answer on 127.0.0.1:{port} within {waited:?}; it said last:\n{output}")]
    Silent {
        /// The server's name.
        server: &'static str,
        /// The port it was started on.
        port: u16,
        /// How long it was given.
        waited: Duration,
        /// The end of its output.
        output: String,
    },
    /// A running server refused a command, or did not answer it.
    #[error("the server on 127.0.0.1:{port} did not do `{command}`: {reason}")]
    Command {
        /// The server's port.
        port: u16,
        /// The beginning of the command.
        command: String,
        /// What the server said, or why it could not be asked.
        reason: String,
    },
    /// Servers run, and did not come to the awaited state in time.
    #[error("{awaited} did not come about within {waited:?}; last seen: {seen}")]
    Unsettled {
        /// The awaited state.
        awaited: String,
        /// How long was waited for it.
        waited: Duration,
        /// What was seen instead, last.
        seen: String,
    },
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StartError {
    pub(crate) fn spawn(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        move |source| Self::Spawn { program, source }
    }

    pub(crate) fn folder(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { path, source }
    }
}
