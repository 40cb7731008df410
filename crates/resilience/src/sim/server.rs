use super::{Change, Condition, ServiceTime};
use crate::config_error::Problems;
use std::time::Duration;

/// A server: so many workers that each take one request at a time from one queue in order of arrival.
///
/// Default: 10 workers, exponential service times of 50 ms (hence 200 requests a second at most), a queue without end,
/// no faults, nothing befalls it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Server {
    /// Requests it works on at once. Default 10; at least 1.
    pub capacity: usize,
    /// How long one takes. Default exponential, 50 ms.
    pub service_time: ServiceTime,
    /// Requests that may wait for a worker; more are turned away with [`Fault::Overloaded`](super::Fault::Overloaded).
    /// Default: no limit.
    pub max_queued: Option<usize>,
    /// The share of requests that end in a fault, after the time they take. Default 0; 0 to 1.
    pub fault_rate: f64,
    /// Whether it works on requests whose caller has gone, as servers do that do not watch the connection. Default yes:
    /// this is what makes a storm of retries feed on itself.
    pub finishes_abandoned: bool,
    /// What befalls it, in order of time.
    pub changes: Vec<Change>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            capacity: 10,
            service_time: ServiceTime::exponential(Duration::from_millis(50)),
            max_queued: None,
            fault_rate: 0.0,
            finishes_abandoned: true,
            changes: Vec::new(),
        }
    }
}

impl Server {
    /// Sets the requests it works on at once. Default 10; at least 1.
    #[must_use]
    pub fn capacity(mut self, workers: usize) -> Self {
        self.capacity = workers;
        self
    }

    /// Sets how long a request takes. Default exponential, 50 ms.
    #[must_use]
    pub fn service_time(mut self, time: ServiceTime) -> Self {
        self.service_time = time;
        self
    }

    /// Sets the requests that may wait for a worker. Default: no limit.
    #[must_use]
    pub fn max_queued(mut self, requests: impl Into<Option<usize>>) -> Self {
        self.max_queued = requests.into();
        self
    }

    /// Sets the share of requests that end in a fault. Default 0; 0 to 1.
    #[must_use]
    pub fn fault_rate(mut self, share: f64) -> Self {
        self.fault_rate = share;
        self
    }

    /// Sets whether it works on requests whose caller has gone. Default yes.
    #[must_use]
    pub fn finishes_abandoned(mut self, finishes: bool) -> Self {
        self.finishes_abandoned = finishes;
        self
    }

    /// Adds something that befalls it at this time.
    #[must_use]
    pub fn at(mut self, time: Duration, condition: Condition) -> Self {
        self.changes.push(Change { at: time, condition });
        self
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(self.capacity > 0, "server.capacity", self.capacity, "at least 1");
        problems.require(
            (0.0..=1.0).contains(&self.fault_rate),
            "server.fault_rate",
            self.fault_rate,
            "0 to 1",
        );
        self.service_time.check("server.service_time", problems);
        for change in &self.changes {
            change.condition.check(problems);
        }
        for pair in self.changes.windows(2) {
            problems.require(
                pair[0].at <= pair[1].at,
                "server.changes.at",
                pair[1].at,
                "no earlier than the change before it",
            );
        }
    }
}
