use super::{
    BulkheadConfig, BulkheadFuture, BulkheadSnapshot, BulkheadView, Priority, label::Labels, places::Places,
    priority::Shares,
};
use crate::{
    Attempt, ConfigError, Describe, Operation, Policy, PolicyExt, StartsOnce,
    counter::Counter,
    live::Live,
    pipeline::Stage,
    telemetry::{Event, Observer, PolicyId, PolicyKind},
};
use std::{sync::Arc, time::Duration};

/// Lets so many calls run at once, so many wait, and turns the rest away.
///
/// A place is taken at the first poll and given back when the call is ready or dropped, straight to whoever is next in
/// line. A newcomer never overtakes one who waits and is as important. While nobody waits, a call costs two atomic
/// operations, and neither lock nor clock nor allocation.
///
/// ```
/// # use mainstay_resilience::{Bulkhead, BulkheadConfig, PolicyExt};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bulkhead = Bulkhead::new("valuer", BulkheadConfig::EXTERNAL_API).unwrap();
/// assert_eq!(bulkhead.call(|| async { Ok::<_, &str>(bulkhead.snapshot().running) }).await, Ok(1));
/// assert_eq!(bulkhead.snapshot().running, 0);
/// # }
/// ```
pub struct Bulkhead<O = ()> {
    pub(super) id: PolicyId,
    config: Live<BulkheadConfig>,
    pub(super) places: Places,
    labels: Labels,
    rejected: Counter,
    would_reject: Counter,
    pub(super) observer: O,
}

impl Bulkhead {
    /// An empty bulkhead named `name`, in its errors.
    ///
    /// # Errors
    /// Every field of `config` that is out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: BulkheadConfig) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Bulkhead, name);
        config.validate(&id.name)?;
        Ok(Self {
            id,
            places: Places::new(config.max_concurrent, Shares::WHOLE, config.rules()),
            config: Live::new(config),
            labels: Labels::default(),
            rejected: Counter::default(),
            would_reject: Counter::default(),
            observer: (),
        })
    }
}

impl<O> Bulkhead<O> {
    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Bulkhead<P> {
        observer.attach(&self.id);
        Bulkhead {
            id: self.id,
            config: self.config,
            places: self.places,
            labels: self.labels,
            rejected: self.rejected,
            would_reject: self.would_reject,
            observer,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<BulkheadConfig> {
        self.config.get()
    }

    /// Works with `config` from now on; who runs goes on running and who waits goes on waiting.
    ///
    /// More places are granted to the line at once, in its order. Fewer are reached as calls end: until then nobody is
    /// let in. A shorter queue turns away newcomers only; a new queue timeout is for those who join from now on.
    ///
    /// # Errors
    /// Every field that is out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: BulkheadConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        let (limit, rules) = (config.max_concurrent, config.rules());
        self.places.set(limit, Shares::WHOLE, rules, || self.config.set(config));
        self.places.grant_all();
        Ok(())
    }

    /// The same bulkhead, with calls counted apart under `label`; the 33rd label and those after it are counted
    /// together, as `other`.
    pub fn labelled(&self, label: &str) -> BulkheadView<'_, O> {
        BulkheadView { tally: Some(self.labels.get(label)), ..self.view() }
    }

    /// The same bulkhead, for calls of this priority.
    pub fn prioritized(&self, priority: Priority) -> BulkheadView<'_, O> {
        BulkheadView { priority, ..self.view() }
    }

    #[inline]
    fn view(&self) -> BulkheadView<'_, O> {
        BulkheadView { bulkhead: self, tally: None, priority: Priority::Normal }
    }

    pub(super) fn queue_timeout(&self) -> Option<Duration> {
        self.config.read().queue_timeout
    }

    /// Its counts at this moment.
    pub fn snapshot(&self) -> BulkheadSnapshot {
        let counts = self.places.counts();
        BulkheadSnapshot {
            limit: counts.limit,
            running: counts.running,
            queued: counts.queued,
            longest_wait: counts.longest_wait,
            rejected: self.rejected.get(),
            would_reject: self.would_reject.get(),
            labels: self.labels.snapshot(),
        }
    }
}

impl<O: Observer> Bulkhead<O> {
    pub(super) fn count_rejected(&self) {
        self.rejected.increment();
        self.observer.on(&self.id, Event::Rejected);
    }

    pub(super) fn count_would_reject(&self) {
        self.would_reject.increment();
        self.observer.on(&self.id, Event::WouldReject);
    }
}

impl<O> std::fmt::Debug for Bulkhead<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", &self.id.name)
            .field("config", &self.config())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl<'p, Op: Operation, O: Observer> Policy<Op> for &'p Bulkhead<O> {
    type Future = BulkheadFuture<'p, Op, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        BulkheadFuture::new(self.view(), op, attempt)
    }
}

impl<O> PolicyExt for Bulkhead<O> {}
impl<O> StartsOnce for Bulkhead<O> {}

impl<O> Describe for Bulkhead<O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let config = self.config.read();
        let waits =
            if config.max_queued == 0 || config.shadow { Some(Duration::ZERO) } else { config.queue_timeout };
        stages.push(Stage::new(self.id.clone()).adds(waits));
    }
}
