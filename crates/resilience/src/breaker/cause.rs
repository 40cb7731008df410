use super::Tally;
use crate::FailureKind;
use std::fmt;

/// What brought a breaker from one state into another.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// It was made.
    Made,
    /// So many calls in a row failed.
    FailuresInARow(u32),
    /// Too large a share of the calls in its window failed.
    FailureRate(Tally),
    /// Too large a share of the calls in its window was slow.
    SlowCallRate(Tally),
    /// A probe failed.
    ProbeFailed(FailureKind),
    /// The open time was over, and a call came.
    OpenTimeOver,
    /// All probes outlived their lease.
    ProbesLost,
    /// So many probes succeeded.
    ProbesSucceeded(u16),
    /// Every step of the ramp went by.
    RampOver,
    /// Somebody forced it, or reset it.
    Manual,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |rate: f64| rate * 100.0;
        match self {
            Self::Made => f.write_str("it was made so"),
            Self::FailuresInARow(1) => f.write_str("a call failed"),
            Self::FailuresInARow(failures) => write!(f, "{failures} calls in a row failed"),
            Self::FailureRate(tally) => write!(
                f,
                "{} of {} calls failed ({:.0} %)",
                tally.failures,
                tally.calls,
                percent(tally.failure_rate())
            ),
            Self::SlowCallRate(tally) => write!(
                f,
                "{} of {} calls were slow ({:.0} %)",
                tally.slow,
                tally.calls,
                percent(tally.slow_call_rate())
            ),
            Self::ProbeFailed(kind) => write!(f, "a probe ended in {kind}"),
            Self::OpenTimeOver => f.write_str("the open time was over"),
            Self::ProbesLost => f.write_str("its probes never came back"),
            Self::ProbesSucceeded(1) => f.write_str("a probe succeeded"),
            Self::ProbesSucceeded(probes) => write!(f, "{probes} probes succeeded"),
            Self::RampOver => f.write_str("the ramp was over"),
            Self::Manual => f.write_str("somebody set it so"),
        }
    }
}
