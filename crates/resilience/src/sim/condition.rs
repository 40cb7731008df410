use crate::config_error::Problems;
use std::time::Duration;

/// What befalls a server. Each replaces the one before it, but for [`Capacity`](Self::Capacity), which stays beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Condition {
    /// As it was configured: the end of any other. A queue that has built up is still there.
    Healthy,
    /// It has so many workers from now on; those who are busy beyond it finish what they do.
    Capacity {
        /// The workers. At least 1.
        workers: usize,
    },
    /// Its service times grow, by this share of the healthy ones a minute: memory leaks, a table without an index.
    Leaking {
        /// What a minute adds; 1.0 doubles the service time in the first minute, and adds as much in each after it.
        growth_per_minute: f64,
    },
    /// It is slower and errs more often.
    BrownOut {
        /// Service times are this many times the healthy ones. Above 0.
        slower: f64,
        /// The share of requests that end in a fault. 0 to 1.
        fault_rate: f64,
    },
    /// It refuses every request at once, and drops those it has: the process is gone, the port closed.
    Refusing,
    /// It accepts every request and answers none, nor those it has: the machine is gone, the network silent.
    Hanging,
}

/// A [`Condition`] and when it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Change {
    /// From the start of the simulation.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub at: Duration,
    /// What begins.
    pub condition: Condition,
}

impl Condition {
    pub(super) fn check(&self, problems: &mut Problems) {
        match *self {
            Self::Capacity { workers } => {
                problems.require(workers > 0, "server.changes.capacity.workers", workers, "at least 1");
            }
            Self::Leaking { growth_per_minute: growth } => {
                let field = "server.changes.leaking.growth_per_minute";
                problems.require((0.0..=1e6).contains(&growth), field, growth, "0 to 1000000");
            }
            Self::BrownOut { slower, fault_rate } => {
                let field = "server.changes.brown_out.slower";
                problems.require(slower > 0.0 && slower <= 1e6, field, slower, "above 0, at most 1000000");
                let field = "server.changes.brown_out.fault_rate";
                problems.require((0.0..=1.0).contains(&fault_rate), field, fault_rate, "0 to 1");
            }
            Self::Healthy | Self::Refusing | Self::Hanging => {}
        }
    }
}
