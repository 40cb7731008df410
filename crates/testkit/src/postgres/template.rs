use super::binaries::Binaries;
use crate::StartError;
use crate::account::Account;
use crate::home::Home;
use crate::server::last_lines;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A data directory that no server ever ran in. Never dropped: its guardian removes it when the process ends.
static TEMPLATE: OnceLock<Home> = OnceLock::new();
static MAKING: Mutex<()> = Mutex::new(());

/// A home with a data directory: a copy of the template, which takes far less than another `initdb`.
pub(super) fn copy(binaries: &Binaries, account: Account) -> Result<Home, StartError> {
    let home = Home::make("postgres", account)?;
    let mut copy = home.command(Path::new("cp"));
    copy.arg("-R").arg(template(binaries, account)?.data().join(".")).arg(home.data());
    run("cp", copy)?;
    close(&home)?;
    Ok(home)
}

/// A home with a copy of the data directory of the running server at `url`, set up to follow it.
pub(super) fn follow(binaries: &Binaries, account: Account, url: &str) -> Result<Home, StartError> {
    let home = Home::make("postgres", account)?;
    let mut copy = home.command(&binaries.pg_basebackup()?);
    copy.arg("--pgdata").arg(home.data()).args(["--dbname", url]);
    copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
    run("pg_basebackup", copy)?;
    close(&home)?;
    Ok(home)
}

/// PostgreSQL refuses a data directory that others may enter, and `cp` obeys the umask.
fn close(home: &Home) -> Result<(), StartError> {
    let mut close = home.command(Path::new("chmod"));
    close.arg("700").arg(home.data());
    run("chmod", close)
}

fn template(binaries: &Binaries, account: Account) -> Result<&'static Home, StartError> {
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(template) = TEMPLATE.get() {
        return Ok(template);
    }
    let home = Home::make("template", account)?;
    let mut initdb = home.command(&binaries.initdb);
    initdb.arg("--pgdata").arg(home.data());
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
    // Segments of 1 MB instead of 16: half the bytes to copy.
    initdb.args(["--wal-segsize=1", "--no-sync"]);
    run("initdb", initdb)?;
    Ok(TEMPLATE.get_or_init(|| home))
}

/// Runs a command to its end; an error carries what it said.
pub(super) fn run(program: &'static str, mut command: Command) -> Result<(), StartError> {
    let output = command.output().map_err(StartError::spawn(command.get_program()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(StartError::Ended {
        program,
        status: output.status,
        output: last_lines(&String::from_utf8_lossy(&said)),
    })
}
