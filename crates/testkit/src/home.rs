use crate::StartError;
use crate::account::Account;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server's temporary folder, and the guardian that empties and removes it when this is dropped or its process dies.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    account: Account,
    guardian: Child,
}

impl Home {
    pub(crate) fn make(server: &str, account: Account) -> Result<Self, StartError> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("mainstay-{server}-"))
            .tempdir()
            .map_err(StartError::folder(std::env::temp_dir()))?;
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
        for (name, _) in std::env::vars_os() {
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
