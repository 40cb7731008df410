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
        let mut newest_refused = None;
        for folder in binary::search_path().into_iter().chain(debian_folders()) {
            let (Some(postgres), Some(initdb)) =
                (binary::in_folder(&folder, "postgres"), binary::in_folder(&folder, "initdb"))
            else {
                continue;
            };
            let (version, text) = version(&postgres)?;
            if version >= OLDEST {
                return Ok(Self { psql: psql(&postgres)?, postgres, initdb });
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
fn psql(postgres: &Path) -> Result<PathBuf, StartError> {
    let beside = fs::canonicalize(postgres).ok().and_then(|path| binary::in_folder(path.parent()?, "psql"));
    beside.map_or_else(|| binary::on_path(&["psql"], INSTALL), Ok)
}

fn missing(program: &'static str) -> StartError {
    StartError::Missing { program, looked_in: format!("PATH and {DEBIAN}/*/bin"), install: INSTALL }
}
