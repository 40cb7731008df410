use super::window::Evidence;

/// One more, if all there are were used.
pub(super) fn next(limit: f64, evidence: &Evidence) -> f64 {
    if evidence.is_pressed { limit + 1.0 } else { limit }
}
