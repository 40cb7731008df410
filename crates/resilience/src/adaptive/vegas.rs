use super::window::Evidence;

/// Shares of the limit between which the calls in the callee's queue are kept.
const LEAST_QUEUED: f64 = 0.05;
const MOST_QUEUED: f64 = 0.15;

/// A step up while too few wait at the callee, down while too many do; a queue far too long is halved.
pub(super) fn next(limit: f64, congestion: f64, evidence: &Evidence) -> f64 {
    let queued = limit * (1.0 - 1.0 / congestion);
    let step = limit.log10().max(1.0);
    let excess = queued - limit * MOST_QUEUED;
    if excess > 0.0 {
        limit - step.max(excess / 2.0)
    } else if queued < limit * LEAST_QUEUED && evidence.is_pressed {
        limit + step
    } else {
        limit
    }
}
