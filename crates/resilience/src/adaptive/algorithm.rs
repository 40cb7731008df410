use super::{aimd, gradient::Gradient, vegas, window::Evidence};
use crate::config_error::Problems;

/// How the limit is found. Default [`Gradient`](Self::Gradient).
///
/// All of them decide once a window, never let the limit grow while calls do not use it, and cut it by a tenth after a
/// window in which more than one call in a hundred, and more than one, told of overload.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Algorithm {
    /// One more after every good window, a share less after one that tells of overload. Looks at no latency but
    /// whether it exceeds the timeout, which therefore has to be set near what is still good.
    Aimd {
        /// What is left of the limit after overload. 0.5 to 0.99.
        backoff: f64,
    },
    /// Keeps the calls that wait in the callee's queue, `limit × (1 − baseline / latency)`, between 5 and 8 % of the
    /// limit, in steps. After TCP Vegas (Brakmo and Peterson, 1994).
    Vegas,
    /// Goes for the limit at which calls take so much longer than without load. Of the class of Netflix's Gradient2,
    /// but the latency without load is measured, at times, under a lowered limit, instead of inferred from latency
    /// under load.
    Gradient {
        /// How much longer than without load calls may take, as a share. 0.01 to 1.
        tolerance: f64,
    },
}

impl Default for Algorithm {
    fn default() -> Self {
        Self::GRADIENT
    }
}

impl Algorithm {
    /// [`Aimd`](Self::Aimd) that cuts by a tenth.
    pub const AIMD: Self = Self::Aimd { backoff: 0.9 };
    /// [`Gradient`](Self::Gradient) that lets calls take 8 % longer than without load.
    pub const GRADIENT: Self = Self::Gradient { tolerance: 0.08 };

    pub(super) fn check(self, problems: &mut Problems) {
        match self {
            Self::Aimd { backoff } => {
                problems.require(
                    (0.5..=0.99).contains(&backoff),
                    "algorithm.aimd.backoff",
                    backoff,
                    "0.5 to 0.99",
                );
            }
            Self::Gradient { tolerance } => {
                problems.require(
                    (0.01..=1.0).contains(&tolerance),
                    "algorithm.gradient.tolerance",
                    tolerance,
                    "0.01 to 1",
                );
            }
            Self::Vegas => {}
        }
    }

    /// Whether it compares with the latency without load, which then has to be measured.
    pub(super) fn needs_baseline(self) -> bool {
        !matches!(self, Self::Aimd { .. })
    }

    /// The limit after a window without overload.
    pub(super) fn next(self, limit: f64, evidence: &Evidence, gradient: &mut Gradient) -> f64 {
        match (self, evidence.congestion) {
            (Self::Aimd { .. }, _) => aimd::next(limit, evidence),
            (Self::Vegas, Some(congestion)) => vegas::next(limit, congestion, evidence),
            (Self::Gradient { tolerance }, Some(congestion)) => {
                gradient.next(limit, congestion, tolerance, evidence)
            }
            // Without a baseline there is nothing to compare with.
            (Self::Vegas | Self::Gradient { .. }, None) => limit,
        }
    }

    /// What is left of the limit after a window with overload.
    pub(super) fn backoff(self) -> f64 {
        match self {
            Self::Aimd { backoff } => backoff,
            Self::Vegas | Self::Gradient { .. } => 0.9,
        }
    }
}
