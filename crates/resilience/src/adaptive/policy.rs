use super::{
    AdaptiveConfig, AdaptiveFuture, AdaptiveSnapshot, AdaptiveView, Overloads, controller::Controller,
    future::Flight, window::Sample,
};
use crate::{
    Attempt, ByError, Classify, ConfigError, Describe, Operation, Policy, PolicyExt, StartsOnce, Verdict,
    bulkhead::{Places, Priority, Refusal},
    counter::Counter,
    live::Live,
    pipeline::Stage,
    telemetry::{Event, Observer, PolicyId, PolicyKind},
};
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Lets as many calls run at once as the callee can serve without making them wait, finds out how many that is from
/// what calls take, and sheds the rest.
///
/// A place is taken at the first poll and given back when the call is ready or dropped. A call costs two looks at the
/// clock and a short lock; it allocates nothing.
///
/// ```
/// # use mainstay_resilience::{AdaptiveConfig, AdaptiveLimit, Error, PolicyExt, ShedReason};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let limit = AdaptiveLimit::new("valuer", AdaptiveConfig::default().initial_limit(1)).unwrap();
/// let answer = limit.call(|| async {
///     let over = limit.call(|| async { Ok::<_, &str>(()) }).await;
///     assert!(matches!(over, Err(Error::Shed { reason: ShedReason::OverLimit, .. })));
///     Ok::<_, &str>(limit.snapshot().running)
/// });
/// assert_eq!(answer.await, Ok(1));
/// # }
/// ```
pub struct AdaptiveLimit<C = Overloads, O = ()> {
    pub(super) id: PolicyId,
    config: Live<AdaptiveConfig>,
    pub(super) places: Places,
    controller: CachePadded<Mutex<Controller>>,
    rejected: Counter,
    would_reject: Counter,
    pub(super) classifier: C,
    pub(super) observer: O,
}

impl AdaptiveLimit {
    /// A limit named `name`, in its errors.
    ///
    /// # Errors
    /// Every field of `config` that is out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: AdaptiveConfig) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Adaptive, name);
        config.validate(&id.name)?;
        let controller = Controller::new(&config, Instant::now());
        Ok(Self {
            id,
            places: Places::new(controller.enforced(), config.shares.shares(), config.rules()),
            controller: CachePadded::new(Mutex::new(controller)),
            config: Live::new(config),
            rejected: Counter::default(),
            would_reject: Counter::default(),
            classifier: Overloads,
            observer: (),
        })
    }
}

impl<C, O> AdaptiveLimit<C, O> {
    /// Judges outcomes by `classifier` instead of [`Overloads`]: the latency of a [`Success`](Verdict::Success) is
    /// taken, a [`Failure`](Verdict::Failure) tells of overload, anything else of nothing.
    pub fn classify<D>(self, classifier: D) -> AdaptiveLimit<D, O> {
        let Self { id, config, places, controller, rejected, would_reject, observer, .. } = self;
        AdaptiveLimit { id, config, places, controller, rejected, would_reject, classifier, observer }
    }

    /// Takes the errors for which `is_overload` answers `true` for signs of overload, and no others.
    pub fn overload_if<F>(self, is_overload: F) -> AdaptiveLimit<ByError<F>, O> {
        self.classify(ByError(is_overload))
    }

    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> AdaptiveLimit<C, P> {
        let Self { id, config, places, controller, rejected, would_reject, classifier, .. } = self;
        observer.attach(&id);
        AdaptiveLimit { id, config, places, controller, rejected, would_reject, classifier, observer }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<AdaptiveConfig> {
        self.config.get()
    }

    /// The same limit, for calls of this priority.
    pub fn prioritized(&self, priority: Priority) -> AdaptiveView<'_, C, O> {
        AdaptiveView { policy: self, priority }
    }

    /// How it stands at this moment.
    pub fn snapshot(&self) -> AdaptiveSnapshot {
        let counts = self.places.counts();
        let controller = self.controller.lock();
        AdaptiveSnapshot {
            limit: counts.limit,
            running: counts.running,
            queued: counts.queued,
            longest_wait: counts.longest_wait,
            latency: controller.latency(),
            baseline: controller.baseline(),
            rejected: self.rejected.get(),
            would_reject: self.would_reject.get(),
        }
    }

    pub(super) fn queue_timeout(&self) -> Option<Duration> {
        self.config.read().queue_timeout
    }

    /// What a call takes now: after that, those who run now have made room.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.controller.lock().latency()
    }
}

impl<C, O: Observer> AdaptiveLimit<C, O> {
    /// Works with `config` from now on. The limit goes on from where it is, within the new bounds; who runs goes on
    /// running, who waits goes on waiting, and what was learnt is kept.
    ///
    /// # Errors
    /// Every field that is out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: AdaptiveConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        let (shares, rules) = (config.shares.shares(), config.rules());
        let mut controller = self.controller.lock();
        let from = controller.enforced();
        controller.reconfigure(&config);
        let to = controller.enforced();
        self.places.set(to, shares, rules, || self.config.set(config));
        drop(controller);
        self.moved(from, to);
        Ok(())
    }

    /// Takes in a call that was let in, and how and when it ended.
    pub(super) fn record(&self, flight: Flight, ended: Instant, verdict: Verdict) {
        let latency = ended.saturating_duration_since(flight.began);
        let is_overdue = self.config.read().timeout.is_some_and(|timeout| latency > timeout);
        let is_overload = match verdict {
            Verdict::Failure => true,
            Verdict::Success => is_overdue,
            Verdict::Ignore | Verdict::Abandoned => return,
        };
        let sample = Sample { latency, running: flight.running, is_overload };
        let mut controller = self.controller.lock();
        controller.record(sample, ended);
        let (from, to) = (self.places.limit(), controller.enforced());
        if from == to {
            return;
        }
        // Set under the lock, so that of two decisions the later one stands; granted outside it.
        self.places.set_limit(to);
        drop(controller);
        self.moved(from, to);
    }

    /// Takes in a call that was dropped in flight.
    pub(super) fn abandoned(&self, flight: Flight) {
        if std::thread::panicking() {
            return;
        }
        let ended = Instant::now();
        let config = self.config.read();
        let latency = ended.saturating_duration_since(flight.began);
        let is_overdue = config.timeout.is_some_and(|timeout| latency > timeout);
        let verdict = if is_overdue { Verdict::Failure } else { config.abandoned };
        drop(config);
        self.record(flight, ended, verdict);
    }

    fn moved(&self, from: usize, to: usize) {
        self.places.grant_all();
        if from != to {
            let whole = |limit| u32::try_from(limit).unwrap_or(u32::MAX);
            self.observer.on(&self.id, Event::LimitChanged { from: whole(from), to: whole(to) });
        }
    }

    pub(super) fn turned_away(&self, refusal: Refusal) -> Refusal {
        self.rejected.increment();
        self.observer.on(&self.id, Event::Rejected);
        refusal
    }

    pub(super) fn count_would_reject(&self) {
        self.would_reject.increment();
        self.observer.on(&self.id, Event::WouldReject);
    }
}

impl<C, O> std::fmt::Debug for AdaptiveLimit<C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdaptiveLimit")
            .field("name", &self.id.name)
            .field("config", &self.config())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C, O> Policy<Op> for &'p AdaptiveLimit<C, O>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Future = AdaptiveFuture<'p, Op, C, O>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        AdaptiveFuture::new(self.prioritized(Priority::Normal), op, attempt)
    }
}

impl<C, O> PolicyExt for AdaptiveLimit<C, O> {}
impl<C, O> StartsOnce for AdaptiveLimit<C, O> {}

impl<C, O> Describe for AdaptiveLimit<C, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let config = self.config.read();
        let waits =
            if config.max_queued == 0 || config.shadow { Some(Duration::ZERO) } else { config.queue_timeout };
        stages.push(Stage::new(self.id.clone()).adds(waits));
    }
}
