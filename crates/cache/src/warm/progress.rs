use std::fmt;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Keys of all plans.
    pub total: usize,
    /// Keys loaded.
    pub loaded: usize,
    /// Keys that were there already, or that an earlier run had done.
    pub skipped: usize,
    /// Keys whose batch failed.
    pub failed: usize,
    /// Why it ended, once it has.
    pub ended: Option<Ended>,
}

impl Progress {
    /// Keys dealt with, whatever became of them.
    #[must_use]
    pub fn done(&self) -> usize {
        self.loaded + self.skipped + self.failed
    }

    /// The share dealt with, 0 to 1; 1 if there was nothing to do.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for a progress bar")]
    pub fn fraction(&self) -> f64 {
        if self.total == 0 { 1.0 } else { self.done() as f64 / self.total as f64 }
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// Every planned key was tried.
    Complete,
    /// [`WarmConfig::deadline`](super::WarmConfig::deadline) passed.
    Deadline,
    /// More failed than [`WarmConfig::max_error_ratio`](super::WarmConfig::max_error_ratio) allows.
    Errors,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::Deadline => "stopped at the deadline",
            Self::Errors => "stopped by errors",
        })
    }
}
