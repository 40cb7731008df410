use std::fmt;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use super::catalogue::{
    CLOSED, CONNECT, CONNECTIONS, HOLD, LEAKS, MAX, TOO_MANY, VALIDATE, WAIT, WAITING, describe,
};
use crate::monitor::gauges::Gauges;
use crate::observer::{CloseReason, Observer, WaitEnd};

/// Counts what happens in a pool by the [`metrics`] facade; give it to the pool as its observer, beside timings as a pair.
///
/// Install the recorder first: handles are made here, and an event then costs what the recorder asks for. All names and labels are in
/// `docs/metrics.md`.
///
/// ```
/// use std::sync::Arc;
/// use mainstay_pool::monitor::{Metrics, Timings};
///
/// let timings = Arc::new(Timings::default());
/// let observer = (Arc::clone(&timings), Metrics::new("orders"));
/// // Pool::builder("orders", manager, config).observer(observer)
/// # drop(observer);
/// ```
pub struct Metrics {
    pool: String,
    /// By [`WaitEnd`].
    waits: [Histogram; 4],
    /// Those that succeeded, those that failed.
    connects: [Histogram; 2],
    validations: [Histogram; 2],
    hold: Histogram,
    too_many: Counter,
}

impl Metrics {
    /// For the pool of that name.
    pub fn new(pool: impl Into<String>) -> Self {
        let pool = pool.into();
        describe();
        let histogram = |name: &'static str, outcome: &'static str| metrics::histogram!(name, "pool" => pool.clone(), "outcome" => outcome);
        Self {
            waits: ["served", "timed_out", "cancelled", "refused"].map(|end| histogram(WAIT, end)),
            connects: ["success", "failure"].map(|outcome| histogram(CONNECT, outcome)),
            validations: ["success", "failure"].map(|outcome| histogram(VALIDATE, outcome)),
            hold: metrics::histogram!(HOLD, "pool" => pool.clone()),
            too_many: metrics::counter!(TOO_MANY, "pool" => pool.clone()),
            pool,
        }
    }

    /// Sets the gauges of the pool `pool` to what was read.
    pub(crate) fn show(pool: &str, gauges: &Gauges) {
        let gauge = |name: &'static str| metrics::gauge!(name, "pool" => pool.to_owned());
        let connections = |state: &'static str| -> Gauge {
            metrics::gauge!(CONNECTIONS, "pool" => pool.to_owned(), "state" => state)
        };
        connections("idle").set(gauges.idle as f64);
        connections("in_use").set(gauges.in_use as f64);
        if let Some(connecting) = gauges.connecting {
            connections("connecting").set(connecting as f64);
        }
        gauge(MAX).set(gauges.max as f64);
        if let Some(waiting) = gauges.waiting {
            gauge(WAITING).set(waiting as f64);
        }
        if let Some(leaks) = gauges.leaks {
            metrics::counter!(LEAKS, "pool" => pool.to_owned()).absolute(leaks);
        }
    }
}

fn by_success(of: &[Histogram; 2], time: Duration, succeeded: bool) {
    of[usize::from(!succeeded)].record(time);
}

impl Observer for Metrics {
    fn waited(&self, time: Duration, end: WaitEnd) {
        let end = match end {
            WaitEnd::Served => 0,
            WaitEnd::TimedOut => 1,
            WaitEnd::Cancelled => 2,
            WaitEnd::Refused => 3,
        };
        self.waits[end].record(time);
    }

    fn connected(&self, time: Duration, succeeded: bool) {
        by_success(&self.connects, time, succeeded);
    }

    fn refused_as_too_many(&self) {
        self.too_many.increment(1);
    }

    fn validated(&self, time: Duration, succeeded: bool) {
        by_success(&self.validations, time, succeeded);
    }

    fn held(&self, time: Duration) {
        self.hold.record(time);
    }

    fn closed(&self, reason: CloseReason) {
        metrics::counter!(CLOSED, "pool" => self.pool.clone(), "reason" => reason.as_str()).increment(1);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("pool", &self.pool).finish_non_exhaustive()
    }
}
