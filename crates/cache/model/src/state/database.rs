use super::{KEYS, Version};

/// The database and its replica, seen as the version of each key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    /// The newest commit.
    pub newest: Version,
    /// What the primary answers.
    pub primary: [Version; KEYS],
    /// What the replica answers; the same unless it lags.
    pub replica: [Version; KEYS],
}

impl Default for Database {
    fn default() -> Self {
        Self { newest: 1, primary: [1; KEYS], replica: [1; KEYS] }
    }
}
