use crate::StartError;
use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The folders of `PATH`, in its order.
pub(crate) fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// The first of `names` that `PATH` holds; an error names the first of them.
pub(crate) fn on_path(names: &[&'static str], install: &'static str) -> Result<PathBuf, StartError> {
    names.iter().find_map(|name| search_path().iter().find_map(|folder| in_folder(folder, name))).ok_or(
        StartError::Missing {
            program: names.first().copied().unwrap_or_default(),
            looked_in: "PATH".into(),
            install,
        },
    )
}

/// The program of that name in that folder, if it is there and may be run.
pub(crate) fn in_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    let metadata = path.metadata().ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(path)
}
