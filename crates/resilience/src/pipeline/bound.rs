use super::Stage;
use std::{fmt, time::Duration};

/// The worst case of one call through a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// Most times the operation is started.
    pub attempts: u64,
    /// Longest time until the caller has an answer; `None`: without limit.
    pub time: Option<Duration>,
}

impl Bound {
    /// Of these stages, outermost first, around an operation that may take for ever.
    pub fn of(stages: &[Stage]) -> Self {
        let operation = Self { attempts: 1, time: None };
        stages.iter().rev().fold(operation, |inner, stage| {
            let runs = if stage.side_by_side { 1 } else { stage.attempts };
            let inside = inner.time.map(|time| time.saturating_mul(runs));
            let whole = inside.zip(stage.adds).map(|(inside, adds)| inside.saturating_add(adds));
            let time = match (whole, stage.limit) {
                (Some(whole), Some(limit)) => Some(whole.min(limit)),
                (whole, limit) => whole.or(limit),
            };
            Self { attempts: inner.attempts.saturating_mul(stage.attempts.into()), time }
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} attempt{}", self.attempts, if self.attempts == 1 { "" } else { "s" })?;
        match self.time {
            Some(time) => write!(f, " within {time:?}"),
            None => f.write_str(", for as long as the operation takes"),
        }
    }
}
