use serde::{Deserialize, Serialize};

use crate::{Finding, Severity, Skipped};

/// What was found, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// Checks that were not made.
    pub skipped: Vec<Skipped>,
}

impl Report {
    /// True if everything was looked at and nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.skipped.is_empty()
    }

    /// The gravest finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
