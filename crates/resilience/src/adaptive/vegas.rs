use super::window::{DECISIVE, Evidence};

/// Shares of the limit between which the calls in the callee's queue are kept.
const LEAST_QUEUED: f64 = 0.05;
const MOST_QUEUED: f64 = 0.08;

/// A step up while too few wait at the callee, down while too many do, and the smaller the less is certain; a queue that
/// is far too long without doubt is halved.
pub(super) fn next(limit: f64, congestion: f64, evidence: &Evidence) -> f64 {
    let error = evidence.latency.error();
    let step = (limit * 0.05).max(1.0) * (DECISIVE / error).min(1.0);
    let queued = limit * (1.0 - 1.0 / congestion);
    let excess = queued - limit * MOST_QUEUED;
    if excess > limit * 3.0 * error {
        limit - step.max(excess / 2.0)
    } else if excess > 0.0 {
        limit - step
    } else if queued < limit * LEAST_QUEUED && evidence.is_pressed {
        limit + step
    } else {
        limit
    }
}
