use super::Ending;
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A call that took longer than the threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowCall {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The id of the request, where there was one.
    pub request_id: Option<Arc<str>>,
    /// When it ended.
    pub at: Instant,
}

/// The latest slow calls. Only slow calls take its lock.
#[derive(Debug, Default)]
pub(super) struct SlowLog(Mutex<VecDeque<SlowCall>>);

impl SlowLog {
    #[cold]
    pub(super) fn note(&self, call: SlowCall, keep: usize) {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: "mainstay_resilience::timeout",
            endpoint = &*call.endpoint,
            took_ms = u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
            ending = call.ending.as_str(),
            request_id = call.request_id.as_deref(),
            "slow call"
        );
        let mut calls = self.0.lock();
        calls.push_back(call);
        let surplus = calls.len().saturating_sub(keep);
        calls.drain(..surplus);
    }

    pub(super) fn calls(&self) -> Vec<SlowCall> {
        self.0.lock().iter().cloned().collect()
    }

    pub(super) fn keep(&self, keep: usize) {
        let mut calls = self.0.lock();
        let surplus = calls.len().saturating_sub(keep);
        calls.drain(..surplus);
    }
}
