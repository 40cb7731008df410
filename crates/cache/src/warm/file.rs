use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

/// `magic 4 | kind 1 | version 1 | length 4 | xxh3 8 | postcard`, numbers little-endian.
const MAGIC: &[u8; 4] = b"mswm";
const VERSION: u8 = 1;
const HEADER: usize = 18;
/// Nothing larger is written or read: a file of hot keys is small.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// What a file holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Manifest = 1,
    Checkpoint = 2,
}

/// Why a manifest or a checkpoint could not be written or read. None of them needs more than a line in the log: without the file
/// the cache begins cold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused.
    #[error("{} cannot be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not one of ours, or another cache's.
    #[error("{} is ignored: {found}, expected {expected}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The file is cut off or was changed.
    #[error("{} is ignored, it is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// The file would be, or is, larger than 16 MiB.
    #[error("{} has {bytes} bytes, at most 16 MiB are allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

/// Writes beside the target and renames, so that a reader finds the old file or the new one, and a crash leaves no half.
pub(super) fn write<T: Serialize>(path: &Path, kind: Kind, value: &T) -> Result<(), FileError> {
    let refused = |source| FileError::Io { path: path.to_owned(), doing: "written", source };
    let body = postcard::to_stdvec(value).map_err(|error| refused(io::Error::other(error)))?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MOST_BYTES);
    let Some(length) = length else {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes: body.len() as u64 });
    };
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[kind as u8, VERSION]);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&xxh3_64(&body).to_le_bytes());
    bytes.extend_from_slice(&body);

    let beside = beside(path);
    let written = write_through(&beside, &bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        // The error that matters is the first.
        let _ = fs::remove_file(&beside);
        refused(source)
    })?;
    persist_name(path);
    Ok(())
}

/// A name of its own for each writer, in the same folder: a rename does not cross file systems.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{:08x}.tmp", std::process::id(), fastrand::u32(..)));
    path.with_file_name(name)
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The rename itself reaches the disk with its folder; a system that cannot do that loses no more than the new file.
fn persist_name(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// `None` if there is no file.
pub(super) fn read<T: DeserializeOwned>(path: &Path, kind: Kind) -> Result<Option<T>, FileError> {
    let refused = |source| FileError::Io { path: path.to_owned(), doing: "read", source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    let bytes = file.metadata().map_err(refused)?.len();
    let most = (MOST_BYTES + HEADER) as u64;
    if bytes > most {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes });
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(refused)?;
    parse(path, kind, &bytes).map(Some)
}

fn parse<T: DeserializeOwned>(path: &Path, kind: Kind, bytes: &[u8]) -> Result<T, FileError> {
    let foreign = |found: String| FileError::Foreign {
        path: path.to_owned(),
        found,
        expected: format!("a {kind:?} of version {VERSION}"),
    };
    let damaged = |reason: String| FileError::Damaged { path: path.to_owned(), reason };
    if bytes.is_empty() {
        return Err(damaged("it is empty".to_owned()));
    }
    if !bytes.starts_with(&MAGIC[..MAGIC.len().min(bytes.len())]) {
        return Err(foreign("it is no file of ours".to_owned()));
    }
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(damaged(format!("{} bytes of a header of {HEADER}", bytes.len())));
    };
    if header[5] != VERSION {
        return Err(foreign(format!("it has version {}", header[5])));
    }
    if header[4] != kind as u8 {
        return Err(foreign(format!("it has kind {}", header[4])));
    }
    let [.., l0, l1, l2, l3, s0, s1, s2, s3, s4, s5, s6, s7] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length != body.len() {
        return Err(damaged(format!("{} bytes of {length}", body.len())));
    }
    if xxh3_64(body) != u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]) {
        return Err(damaged("its checksum does not fit".to_owned()));
    }
    postcard::from_bytes(body).map_err(|error| damaged(error.to_string()))
}
