use std::time::Duration;

use super::Problems;

/// How long a caller waits where memory has no answer: for the shared layers, its own load or another's, all together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct LoadTimeouts {
    /// Longest wait where there is an old value that fail-safe allows: it is served then. Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub soft: Option<Duration>,
    /// Longest wait whatever there is; without an old value it ends in [`LoadError::TimedOut`](crate::LoadError::TimedOut).
    /// Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub hard: Option<Duration>,
    /// Whether a load goes on behind its caller who timed out or was dropped, and lands for the others. Default yes.
    /// Loaders that borrow cannot.
    pub background: bool,
}

impl Default for LoadTimeouts {
    fn default() -> Self {
        Self { soft: None, hard: None, background: true }
    }
}

impl LoadTimeouts {
    /// Sets the longest wait where fail-safe has an old value. Default none.
    #[must_use]
    pub fn soft(mut self, wait: Duration) -> Self {
        self.soft = Some(wait);
        self
    }

    /// Sets the longest wait whatever there is. Default none.
    #[must_use]
    pub fn hard(mut self, wait: Duration) -> Self {
        self.hard = Some(wait);
        self
    }

    /// Sets whether a load goes on behind a caller who left. Default yes.
    #[must_use]
    pub fn background(mut self, on: bool) -> Self {
        self.background = on;
        self
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.unless_time("timeouts.soft", self.soft);
        problems.unless_time("timeouts.hard", self.hard);
        if let (Some(soft), Some(hard)) = (self.soft, self.hard) {
            let shown = format!("{soft:?}");
            problems.unless(soft < hard, "timeouts.soft", shown, "below `timeouts.hard`");
        }
    }
}
