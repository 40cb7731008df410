use std::{fmt, sync::Arc, time::Duration};

/// Why an endpoint is an outlier.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// So many failures in a row.
    ConsecutiveFailures(u32),
    /// This share of so many calls in the window failed.
    FailureRate {
        /// The share, 0 to 1.
        rate: f64,
        /// The calls in the window.
        calls: u64,
    },
    /// Its success rate lies too far below the others'.
    Deviation {
        /// Its success rate, 0 to 1.
        rate: f64,
        /// The least that would do, 0 to 1.
        least: f64,
    },
    /// Its trial failed.
    TrialFailed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConsecutiveFailures(failures) => write!(f, "{failures} failures in a row"),
            Self::FailureRate { rate, calls } => write!(f, "{:.1} % of {calls} calls failed", rate * 100.0),
            Self::Deviation { rate, least } => {
                write!(
                    f,
                    "{:.1} % of its calls succeeded, {:.1} % are the least",
                    rate * 100.0,
                    least * 100.0
                )
            }
            Self::TrialFailed => f.write_str("its trial failed"),
        }
    }
}

/// Where an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// In the set.
    In,
    /// In the set although it is an outlier, since as many as allowed are out already.
    Kept(Cause),
    /// Out of the set.
    Ejected {
        /// Why.
        cause: Cause,
        /// Until a call may try it; 0 if the next one may.
        remaining: Duration,
    },
    /// Out of the set, and one call is trying it.
    Trial,
}

/// What is known of an endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointReport<T> {
    /// The endpoint.
    pub endpoint: Arc<T>,
    /// Where it stands.
    pub standing: Standing,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Calls counted in the window.
    pub calls: u64,
    /// Failures counted in the window.
    pub failures: u64,
    /// Calls under way.
    pub in_flight: usize,
    /// Ejections not yet forgiven: the next one lasts one base time longer than so many.
    pub ejections: u32,
}

impl<T: fmt::Debug> fmt::Display for EndpointReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is ", self.endpoint)?;
        match self.standing {
            Standing::In => write!(
                f,
                "in: {} of {} calls failed, {} in a row",
                self.failures, self.calls, self.consecutive_failures
            ),
            Standing::Kept(cause) => write!(f, "in, though {cause}: no more may be ejected"),
            Standing::Ejected { cause, remaining } => {
                write!(f, "out for another {remaining:?}, the {} time: {cause}", Ordinal(self.ejections))
            }
            Standing::Trial => f.write_str("out, and on trial"),
        }
    }
}

struct Ordinal(u32);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match (self.0 % 10, self.0 % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{suffix}", self.0)
    }
}
