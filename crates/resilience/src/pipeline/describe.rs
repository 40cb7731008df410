use super::{Bound, Stage, Warning, lint};
use std::sync::Arc;

/// A policy or pipeline that can say what it may do to a call, without running one.
///
/// ```
/// # use mainstay_resilience::{Describe, Retry, RetryConfig, Timeout};
/// # use std::time::Duration;
/// let guard = (
///     Retry::new("valuer", RetryConfig::FAST).unwrap(),
///     Timeout::new("valuer", Duration::from_secs(2)).unwrap(),
/// );
/// let bound = guard.bound();
/// assert_eq!(bound.attempts, 3);
/// // Three attempts of 2 s, and pauses of at most 100 ms and 200 ms.
/// assert_eq!(bound.time, Some(Duration::from_millis(6_300)));
/// ```
pub trait Describe {
    /// Adds its stages, outermost first.
    fn describe(&self, stages: &mut Vec<Stage>);

    /// Its stages, outermost first.
    fn stages(&self) -> Vec<Stage> {
        let mut stages = Vec::new();
        self.describe(&mut stages);
        stages
    }

    /// The worst case of one call: most attempts, longest time.
    fn bound(&self) -> Bound {
        Bound::of(&self.stages())
    }

    /// Orders of policies that defeat each other.
    fn warnings(&self) -> Vec<Warning> {
        lint::warnings(&self.stages())
    }
}

impl<P: Describe + ?Sized> Describe for &P {
    fn describe(&self, stages: &mut Vec<Stage>) {
        (**self).describe(stages);
    }
}

impl<P: Describe + ?Sized> Describe for Arc<P> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        (**self).describe(stages);
    }
}

impl<P: Describe> Describe for Option<P> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        if let Some(policy) = self {
            policy.describe(stages);
        }
    }
}

impl Describe for () {
    fn describe(&self, _stages: &mut Vec<Stage>) {}
}
