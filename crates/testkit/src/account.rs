use crate::StartError;
use nix::unistd::{Uid, User};
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The user that a server and its guardian run as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account {
    /// Whoever runs the test.
    Own,
    /// Another user, taken because PostgreSQL refuses to run as root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Whoever runs the test, unless that is root.
    pub(crate) fn unprivileged() -> Result<Self, StartError> {
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or(StartError::NoAccount)
    }

    pub(crate) fn apply(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }
}
