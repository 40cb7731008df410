use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A value that tells which key and which version it is of, and whether it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fact {
    pub(crate) key: String,
    pub(crate) version: u64,
    /// As long as the version says, so that the wrong end shows.
    body: Vec<u8>,
    checksum: u64,
}

impl Fact {
    pub(crate) fn new(key: &str, version: u64) -> Self {
        let byte = |at: u64| (at.wrapping_mul(31) ^ version).to_le_bytes()[0];
        let body: Vec<u8> = (0..16 + version % 200).map(byte).collect();
        Self { key: key.to_owned(), version, checksum: checksum(key, version, &body), body }
    }

    pub(crate) fn is_whole(&self) -> bool {
        checksum(&self.key, self.version, &self.body) == self.checksum
    }
}

fn checksum(key: &str, version: u64, body: &[u8]) -> u64 {
    xxh3_64_with_seed(key.as_bytes(), version) ^ xxh3_64_with_seed(body, version)
}

#[cfg(test)]
mod tests {
    use super::Fact;

    #[test]
    fn what_is_patched_is_not_whole() {
        let fact = Fact::new("a", 7);
        assert!(fact.is_whole());
        let other = Fact::new("b", 8);
        assert!(!Fact { version: 8, ..fact.clone() }.is_whole());
        assert!(!Fact { key: "b".to_owned(), ..fact.clone() }.is_whole());
        assert!(!Fact { body: other.body, ..fact }.is_whole());
    }
}
