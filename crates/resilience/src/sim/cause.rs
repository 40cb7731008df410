use crate::Error;

/// Why a call was no success for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "config", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Cause {
    /// The operation's own error.
    Operation,
    /// A timeout.
    Timeout,
    /// An open circuit.
    CircuitOpen,
    /// A full bulkhead.
    BulkheadFull,
    /// A rate limit.
    RateLimited,
    /// Load was shed.
    Shed,
    /// There was no time left to start.
    DeadlineExceeded,
    /// A policy could not be made from its configuration.
    Misconfigured,
    /// The caller's patience ended.
    CallerLeft,
    /// The simulation ended first.
    Unfinished,
}

impl Cause {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operation => "operation failed",
            Self::Timeout => "timeout",
            Self::CircuitOpen => "circuit open",
            Self::BulkheadFull => "bulkhead full",
            Self::RateLimited => "rate limited",
            Self::Shed => "shed",
            Self::DeadlineExceeded => "no time to start",
            Self::Misconfigured => "misconfigured",
            Self::CallerLeft => "caller left",
            Self::Unfinished => "unfinished",
        }
    }

    /// What the last attempt came to, where there were several.
    pub(super) fn of<E>(error: &Error<E>) -> Self {
        match error {
            Error::Operation(_) => Self::Operation,
            Error::CircuitOpen { .. } => Self::CircuitOpen,
            Error::Timeout { .. } => Self::Timeout,
            Error::BulkheadFull { .. } => Self::BulkheadFull,
            Error::RateLimited { .. } => Self::RateLimited,
            Error::Shed { .. } => Self::Shed,
            Error::DeadlineExceeded { .. } => Self::DeadlineExceeded,
            Error::Misconfigured { .. } => Self::Misconfigured,
            Error::RetriesExhausted { last: error, .. } | Error::FallbackFailed { error, .. } => {
                Self::of(error)
            }
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
