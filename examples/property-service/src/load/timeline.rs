use super::record::Recorder;
use crate::domain::{BreakerState, LayerHits, PoolUse, RetryCounts, Service, Telemetry};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often the timeline looks.
const EVERY: Duration = Duration::from_millis(250);

/// What happened between two looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Its end, since the load began.
    pub at: Duration,
    /// As measured: a busy machine looks late.
    pub length: Duration,
    /// Right answers.
    pub answers: u64,
    /// Failures and wrong answers.
    pub errors: u64,
    /// Of the calls that ended in the slice; `None` if none did.
    pub p95: Option<Duration>,
    /// The state it ended in.
    pub breaker: Option<BreakerState>,
    pub hits: Option<LayerHits>,
    pub db_queries: u64,
    /// As it was at the slice's end.
    pub pool: Option<PoolUse>,
}

impl Slice {
    /// Long enough for a rate: the run's last slice ends with its last answer and may hold a call in a millisecond.
    pub fn gives_rates(&self) -> bool {
        self.length >= EVERY / 2
    }
}

/// Cuts a run into slices, from the recorder's counts and the service's own.
pub(super) struct Timeline<F> {
    start: Instant,
    last: Instant,
    seen: Telemetry,
    slices: Vec<Slice>,
    on_slice: F,
}

impl<F: FnMut(&Slice) + Send> Timeline<F> {
    pub(super) fn new(start: Instant, seen: Telemetry, on_slice: F) -> Self {
        Self { start, last: start, seen, slices: Vec::new(), on_slice }
    }

    /// Looks every 250 ms, for as long as it is polled.
    pub(super) async fn keep<S: Service>(&mut self, service: &S, recorder: &Recorder) -> Infallible {
        let mut ticks = interval_at(self.start + EVERY, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.look(service, recorder);
        }
    }

    /// The slices, with what happened since the last look.
    pub(super) fn finish<S: Service>(mut self, service: &S, recorder: &Recorder) -> Vec<Slice> {
        self.look(service, recorder);
        self.slices
    }

    fn look<S: Service>(&mut self, service: &S, recorder: &Recorder) {
        let now = Instant::now();
        if now == self.last {
            return;
        }
        let telemetry = service.telemetry();
        let counted = counted_between(&self.seen, &telemetry);
        let slice = recorder.next_slice(|tally| Slice {
            at: now - self.start,
            length: now - self.last,
            answers: tally.successes,
            errors: tally.errors,
            p95: (!tally.latency.is_empty())
                .then(|| Duration::from_micros(tally.latency.value_at_quantile(0.95))),
            breaker: counted.breaker,
            hits: counted.hits,
            db_queries: counted.db_queries,
            pool: counted.pool,
        });
        (self.on_slice)(&slice);
        self.slices.push(slice);
        self.last = now;
        self.seen = telemetry;
    }
}

/// What was counted from `then` to `now`; states as they are `now`.
pub(super) fn counted_between(then: &Telemetry, now: &Telemetry) -> Telemetry {
    let hits = now.hits.map(|hits| {
        let earlier = then.hits.unwrap_or_default();
        let layer =
            |now: Option<u64>, then: Option<u64>| now.map(|now| now.saturating_sub(then.unwrap_or(0)));
        LayerHits {
            l1: hits.l1.saturating_sub(earlier.l1),
            l2: layer(hits.l2, earlier.l2),
            l3: layer(hits.l3, earlier.l3),
            misses: hits.misses.saturating_sub(earlier.misses),
        }
    });
    let retries = now.retries.map(|retries| {
        let earlier = then.retries.unwrap_or_default();
        RetryCounts {
            retried: retries.retried.saturating_sub(earlier.retried),
            recovered: retries.recovered.saturating_sub(earlier.recovered),
        }
    });
    Telemetry {
        db_queries: now.db_queries.saturating_sub(then.db_queries),
        slow_queries: now.slow_queries.saturating_sub(then.slow_queries),
        indexed_queries: now.indexed_queries.saturating_sub(then.indexed_queries),
        cache_statements: now.cache_statements.saturating_sub(then.cache_statements),
        pool: now.pool,
        hits,
        breaker: now.breaker,
        breaker_trips: now.breaker_trips.saturating_sub(then.breaker_trips),
        retries,
    }
}
