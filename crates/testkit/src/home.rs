use crate::StartError;
use crate::account::Account;
use nix::sys::statvfs::statvfs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

const MEMORY: &str = "/dev/shm";

/// A container is often given 64 MB of it, which a few clusters fill.
const ROOM: u64 = 2 << 30;

/// A server's temporary folder, and the guardian that empties and removes it when this is dropped or its process dies.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    account: Account,
    guardian: Child,
}

impl Home {
    pub(crate) fn make(server: &str, account: Account) -> Result<Self, StartError> {
        let parent = parent();
        let folder = tempfile::Builder::new()
            .prefix(&format!("mainstay-{server}-"))
            .tempdir_in(&parent)
            .map_err(StartError::folder(parent))?;
        let data = folder.path().join("data");
        fs::create_dir(&data)
            .and_then(|()| account.give(&data))
            .and_then(|()| account.give(folder.path()))
            .map_err(StartError::folder(folder.path()))?;

        let mut command = Command::new("/bin/sh");
        command.args(["-c", include_str!("guardian.sh"), "mainstay-guardian"]).arg(folder.path());
        // Its own group: Ctrl-C at a terminal goes to the whole group of the test process.
        command
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        account.apply(&mut command);
        let guardian = command.spawn().map_err(StartError::spawn("/bin/sh"))?;
        Ok(Self { path: folder.keep(), account, guardian })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The server's working directory; what runs in it belongs to this home, and dies with it.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// A command that runs in this home, as its account, out of reach of Ctrl-C, and deaf to the caller's `PG*` variables.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.data()).process_group(0).stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        self.account.apply(&mut command);
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(mut orders) = self.guardian.stdin.take() {
            let _guardian_gone = orders.write_all(b"done\n");
        }
        let _guardian_gone = self.guardian.wait();
    }
}

/// `TMPDIR` if it is set; or else memory if there is room, for a cluster is a thousand files and a file system on disk
/// takes seconds to create and remove them while it is busy; or else the system's folder.
fn parent() -> PathBuf {
    let room = statvfs(MEMORY).map_or(0, |memory| memory.blocks_available() * memory.fragment_size());
    if env::var_os("TMPDIR").is_none() && room >= ROOM { MEMORY.into() } else { env::temp_dir() }
}
