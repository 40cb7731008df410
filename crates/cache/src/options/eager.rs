use super::Problems;

/// Loading a value anew, behind its readers, before its time to live ends: so that no reader of a busy key waits.
///
/// Nothing runs by itself: the first read past the point begins the one load, and goes on with the value it found. A load
/// that fails is tried again after a second, with fail-safe after its throttle. It takes memory to note who loads: a region
/// that keeps nothing there renews nothing early.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum EagerRefresh {
    /// Only when its time is over.
    #[default]
    Off,
    /// From this share of the fresh life on, above 0 and below 1.
    At(f64),
    /// By chance, the likelier the nearer the end, the longer the load took and the more often the value is read
    /// (XFetch: Vattani, Chierichetti, Lowenstein, *Optimal Probabilistic Cache Stampede Prevention*, 2015). The number is
    /// the paper's beta, 0.1 to 10; 1 is the paper's optimum.
    ByCost(f64),
}

impl EagerRefresh {
    pub(super) fn check(self, problems: &mut Problems) {
        match self {
            Self::Off => {}
            Self::At(share) => {
                problems.unless(share > 0.0 && share < 1.0, "eager_refresh.at", share, "above 0, below 1");
            }
            Self::ByCost(beta) => {
                let holds = (0.1..=10.0).contains(&beta);
                problems.unless(holds, "eager_refresh.by_cost", beta, "0.1 to 10");
            }
        }
    }
}
