use crate::config_error::Problems;
use std::time::Duration;

/// Who in the queue is next, among those of the same priority. Default [`Fifo`](Self::Fifo).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Discipline {
    /// Whoever has waited longest: fair, and under lasting overload everybody is served late.
    #[default]
    Fifo,
    /// Whoever has waited longest while few wait, and the newest under overload: most calls are then answered in time,
    /// and those that are not wait until their queue timeout. From "Fail at Scale" (Maurer, ACM Queue 2015).
    AdaptiveLifo {
        /// The newest goes first while more than this many wait.
        fifo_up_to: usize,
    },
    /// Whoever has waited longest; but once no wait of a whole interval was within the target, the queue stands, and
    /// calls that waited more than twice the target are shed when their turn comes. From CoDel (Nichols and Jacobson,
    /// ACM Queue 2012), in the form that `folly::Codel` gave it for requests.
    Codel {
        /// A wait that is still good. Above 0.
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        target: Duration,
        /// How long waits must have been above the target. Above 0.
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        interval: Duration,
    },
}

impl Discipline {
    /// CoDel with the target of 5 ms and the interval of 100 ms that it was published with.
    pub const CODEL: Self =
        Self::Codel { target: Duration::from_millis(5), interval: Duration::from_millis(100) };

    pub(crate) fn check(self, problems: &mut Problems) {
        if let Self::Codel { target, interval } = self {
            problems.require(!target.is_zero(), "discipline.codel.target", target, "longer than 0s");
            problems.require(!interval.is_zero(), "discipline.codel.interval", interval, "longer than 0s");
        }
    }
}
