use crate::{StartError, binary};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const OLDEST: u32 = 15;
const INSTALL: &str = "apt-get install postgresql";
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
    pub(crate) psql: PathBuf,
}

impl Binaries {
    /// The first installation on `PATH` that is new enough, or else the newest of Debian's.
    pub(crate) fn find() -> Result<Self, StartError> {
        Self::find_in(binary::search_path().into_iter().chain(debian_folders()))
    }

    /// Needed only by those who want a replica.
    pub(crate) fn pg_basebackup(&self) -> Result<PathBuf, StartError> {
        client(&self.postgres, "pg_basebackup")
    }

    fn find_in(folders: impl Iterator<Item = PathBuf>) -> Result<Self, StartError> {
        let mut newest_refused = None;
        for folder in folders {
            let (Some(postgres), Some(initdb)) =
                (binary::in_folder(&folder, "postgres"), binary::in_folder(&folder, "initdb"))
            else {
                continue;
            };
            let (version, text) = version(&postgres)?;
            if version >= OLDEST {
                return Ok(Self { psql: client(&postgres, "psql")?, postgres, initdb });
            }
            if newest_refused.as_ref().is_none_or(|&(refused, _, _)| version > refused) {
                newest_refused = Some((version, text, postgres));
            }
        }
        Err(match newest_refused {
            Some((_, found, path)) => StartError::TooOld { found, path, install: INSTALL },
            None => missing("postgres"),
        })
    }
}

/// Newest first.
fn debian_folders() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// `postgres (PostgreSQL) 15.19 (Debian …)`: the major version, and the whole text.
fn version(postgres: &Path) -> Result<(u32, String), StartError> {
    let output = Command::new(postgres).arg("--version").output().map_err(StartError::spawn(postgres))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = text
        .split_whitespace()
        .find_map(|word| word.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .unwrap_or(0);
    Ok((major, text))
}

/// Beside the real server, since what is on `PATH` may be a link to it, or else on `PATH`.
fn client(postgres: &Path, name: &'static str) -> Result<PathBuf, StartError> {
    let beside = fs::canonicalize(postgres).ok().and_then(|path| binary::in_folder(path.parent()?, name));
    beside.map_or_else(|| binary::on_path(&[name], INSTALL), Ok)
}

fn missing(program: &'static str) -> StartError {
    StartError::Missing { program, looked_in: format!("PATH and {DEBIAN}/*/bin"), install: INSTALL }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn installation(version: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in ["postgres", "initdb", "psql"] {
            let path = folder.path().join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn takes_the_first_installation_that_is_new_enough() {
        let (old, new, newer) =
            (installation("14.9"), installation("15.4 (Debian 15.4-1)"), installation("17beta1"));
        let folders = [&old, &new, &newer].map(|folder| folder.path().to_owned());
        let found = Binaries::find_in(folders.into_iter()).unwrap();
        assert_eq!(found.postgres, new.path().join("postgres"));
        assert_eq!(found.psql, new.path().join("psql"));
    }

    #[test]
    fn an_old_installation_is_refused_by_its_version() {
        let (old, older) = (installation("14.9"), installation("9.6.24"));
        let folders = [&old, &older].map(|folder| folder.path().to_owned());
        let error = Binaries::find_in(folders.into_iter()).unwrap_err().to_string();
        assert!(error.contains("postgres (PostgreSQL) 14.9") && error.contains("15 or newer"), "{error}");
    }

    #[test]
    fn no_installation_names_the_command_that_installs_one() {
        let error = Binaries::find_in(std::iter::empty()).unwrap_err();
        assert!(matches!(error, StartError::Missing { program: "postgres", .. }), "{error}");
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
    }
}
