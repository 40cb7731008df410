use serde::{Deserialize, Serialize};

/// Thresholds of the rules on a query's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QueryConfig {
    /// The offset in rows from which `query.large-offset` fires; 1,000 by default.
    pub large_offset: u64,
    /// The longest text read, in bytes; 65,536 by default, 262,144 at most. Longer ones are skipped, and reported so.
    pub max_text_bytes: usize,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self { large_offset: 1_000, max_text_bytes: 64 * 1024 }
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} = {value} is outside {range}")]
#[non_exhaustive]
pub struct QueryConfigError {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub range: &'static str,
}

impl QueryConfig {
    const MOST_TEXT_BYTES: usize = 256 * 1024;

    /// Sets the offset in rows from which `query.large-offset` fires.
    #[must_use]
    pub fn large_offset(mut self, rows: u64) -> Self {
        self.large_offset = rows;
        self
    }

    /// Sets the longest text read, in bytes.
    #[must_use]
    pub fn max_text_bytes(mut self, bytes: usize) -> Self {
        self.max_text_bytes = bytes;
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`QueryConfigError`] naming the first field outside its range.
    pub fn validate(&self) -> Result<(), QueryConfigError> {
        if self.large_offset == 0 {
            let value = self.large_offset.to_string();
            return Err(QueryConfigError { field: "large_offset", value, range: "1 or more rows" });
        }
        if !(1..=Self::MOST_TEXT_BYTES).contains(&self.max_text_bytes) {
            let value = self.max_text_bytes.to_string();
            return Err(QueryConfigError { field: "max_text_bytes", value, range: "1..=262144 bytes" });
        }
        Ok(())
    }
}
