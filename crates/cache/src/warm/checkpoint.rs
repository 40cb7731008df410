use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::file::{self, FileError, Kind};

/// What a run has done, so that the next one need not do it again.
///
/// It holds a number a key, not the keys: it means something only to a runner with the same warmers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    done: HashSet<u64>,
    saved_ms: Option<u64>,
}

impl Checkpoint {
    /// Keys done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether nothing is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    pub(super) fn has(&self, id: u64) -> bool {
        self.done.contains(&id)
    }

    pub(super) fn add(&mut self, ids: &[u64]) {
        self.done.extend(ids);
    }

    /// Writes it to a file, which holds the old or the new one at any moment. Blocks for that long.
    ///
    /// # Errors
    /// The file cannot be written; what was there stays.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let mut done: Vec<u64> = self.done.iter().copied().collect();
        done.sort_unstable();
        file::write(path.as_ref(), Kind::Checkpoint, &(now_ms(), done))
    }

    /// Reads it from a file; no file is an empty checkpoint. Blocks for that long.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or is no checkpoint: say so and begin with the default.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let read: Option<(u64, Vec<u64>)> = file::read(path.as_ref(), Kind::Checkpoint)?;
        Ok(read.map_or_else(Self::default, |(saved_ms, done)| Self {
            done: done.into_iter().collect(),
            saved_ms: Some(saved_ms),
        }))
    }

    /// Itself, or an empty one if it was saved longer ago: what was warmed then may have expired. One that says it was saved in
    /// the future is empty too.
    #[must_use]
    pub fn within(self, age: Duration) -> Self {
        let Some(saved_ms) = self.saved_ms else { return self };
        let past = now_ms().checked_sub(saved_ms).map(Duration::from_millis);
        if past.is_some_and(|past| past <= age) { self } else { Self::default() }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
