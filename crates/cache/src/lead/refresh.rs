use std::sync::Arc;

use tokio::time::Instant;

use super::reserve::throttle;
use crate::entry::{Entry, Why};
use crate::options::RegionOptions;

/// The right to be the one load that replaces an entry. Given back however the load ends.
pub(crate) struct Refreshing {
    entry: Arc<Entry>,
}

impl Refreshing {
    /// Of a right that [`Entry::claim_refresh`] granted.
    pub(crate) fn of(entry: &Arc<Entry>) -> Self {
        Self { entry: entry.clone() }
    }

    /// The load failed: no other for a while.
    pub(crate) fn failed(&self, options: &RegionOptions) {
        let now = Instant::now();
        if self.entry.held_off(now).is_none() {
            self.entry.hold_off(now + throttle(options), Why::LoaderFailed);
        }
    }
}

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.entry.release_refresh();
    }
}
