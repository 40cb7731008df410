use super::{Ending, Tracker};
use std::sync::Arc;
use tokio::time::Instant;

/// A call that is being timed; dropped without an ending it counts as abandoned.
#[derive(Debug)]
#[must_use = "dropped at once it is an abandoned call of no length"]
pub struct Timing<'t> {
    pub(super) tracker: &'t Tracker,
    pub(super) endpoint: &'t str,
    pub(super) request_id: Option<Arc<str>>,
    pub(super) began: Instant,
    pub(super) ending: Ending,
}

impl Timing<'_> {
    /// It ended so.
    pub fn end(mut self, ending: Ending) {
        self.ending = ending;
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.began);
        self.tracker.record_at(now, self.endpoint, took, self.ending, self.request_id.take());
    }
}
