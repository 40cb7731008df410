use std::fmt;
use std::time::Duration;

use super::Ended;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmReport {
    /// Why it ended.
    pub ended: Ended,
    /// How long it took.
    pub elapsed: Duration,
    /// The warmers, in the order they were added.
    pub warmers: Vec<WarmerReport>,
}

/// What one warmer did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmerReport {
    /// The warmer's name.
    pub name: String,
    /// Keys of its plan.
    pub total: usize,
    /// Keys loaded.
    pub loaded: usize,
    /// Keys that were there already, or that an earlier run had done.
    pub skipped: usize,
    /// Keys whose batch failed.
    pub failed: usize,
    /// Its first error, of the plan or of a batch.
    pub error: Option<String>,
}

impl WarmReport {
    /// Keys loaded, by all warmers.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.warmers.iter().map(|warmer| warmer.loaded).sum()
    }

    /// Keys skipped, by all warmers.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.warmers.iter().map(|warmer| warmer.skipped).sum()
    }

    /// Keys failed, of all warmers.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.warmers.iter().map(|warmer| warmer.failed).sum()
    }

    /// Whether every plan was made and every planned key is in the cache.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ended == Ended::Complete && self.first_error().is_none()
    }

    /// The first error of the first warmer that has one, with that warmer's name.
    #[must_use]
    pub fn first_error(&self) -> Option<(&str, &str)> {
        self.warmers.iter().find_map(|warmer| Some((warmer.name.as_str(), warmer.error.as_deref()?)))
    }
}

impl fmt::Display for WarmReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warming {} after {:.1?}", self.ended, self.elapsed)?;
        self.warmers.iter().try_for_each(|warmer| write!(f, "; {warmer}"))
    }
}

impl fmt::Display for WarmerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, total, loaded, skipped, failed, error } = self;
        write!(f, "`{name}`: {loaded} loaded, {skipped} skipped, {failed} failed of {total}")?;
        error.as_ref().map_or(Ok(()), |error| write!(f, ", first error: {error}"))
    }
}
