use super::{
    BulkheadConfig, BulkheadFuture,
    queue::{Queue, Ticket},
};
use crate::{
    Attempt, ConfigError, Describe, Error, Operation, Policy, PolicyExt, StartsOnce,
    pipeline::Stage,
    telemetry::{PolicyId, PolicyKind},
};
use crossbeam_utils::CachePadded;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Lets so many calls run at once, so many wait in arrival order, and turns the rest away.
///
/// A place is taken at the first poll and given back when the call is ready or dropped, straight to the one who has
/// waited longest.
///
/// ```
/// # use mainstay_resilience::{Bulkhead, BulkheadConfig, PolicyExt};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bulkhead = Bulkhead::new("valuer", BulkheadConfig::EXTERNAL_API).unwrap();
/// assert_eq!(bulkhead.call(|| async { Ok::<_, &str>(bulkhead.snapshot().running) }).await, Ok(1));
/// assert_eq!(bulkhead.snapshot().running, 0);
/// # }
/// ```
#[derive(Debug)]
pub struct Bulkhead {
    name: Arc<str>,
    pub(super) config: BulkheadConfig,
    pub(super) queue: CachePadded<Queue>,
    rejected: AtomicU64,
}

/// A bulkhead's counts at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadSnapshot {
    /// Calls running now.
    pub running: usize,
    /// Calls waiting now.
    pub queued: usize,
    /// Calls turned away since it was made.
    pub rejected: u64,
}

impl Bulkhead {
    /// An empty bulkhead named `name`, in its errors.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: BulkheadConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        Ok(Self { name, config, queue: CachePadded::new(Queue::new()), rejected: AtomicU64::new(0) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it was made from.
    pub fn config(&self) -> &BulkheadConfig {
        &self.config
    }

    /// Its counts at this moment.
    pub fn snapshot(&self) -> BulkheadSnapshot {
        let (running, queued) = self.queue.counts();
        BulkheadSnapshot { running, queued, rejected: self.rejected.load(Ordering::Relaxed) }
    }

    pub(super) fn out_of_time<E>(&self) -> Error<E> {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Error::DeadlineExceeded { policy: self.name.clone() }
    }

    pub(super) fn full<E>(&self, queued: usize, waited: Duration) -> Error<E> {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Error::BulkheadFull { policy: self.name.clone(), limit: self.config.max_concurrent, queued, waited }
    }
}

/// A place, given back when dropped.
pub(super) struct Place<'p>(pub(super) &'p Bulkhead);

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.queue.leave();
    }
}

/// A place in the line, given up when dropped.
pub(super) struct Waiting<'p> {
    pub(super) bulkhead: &'p Bulkhead,
    pub(super) ticket: Ticket,
}

impl<'p> Waiting<'p> {
    /// The ticket's place has come.
    pub(super) fn granted(self) -> Place<'p> {
        let bulkhead = self.bulkhead;
        std::mem::forget(self);
        Place(bulkhead)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.bulkhead.queue.give_up(&self.ticket);
    }
}

impl<'p, Op: Operation> Policy<Op> for &'p Bulkhead {
    type Future = BulkheadFuture<'p, Op>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        BulkheadFuture::new(self, op, attempt)
    }
}

impl PolicyExt for Bulkhead {}
impl StartsOnce for Bulkhead {}

impl Describe for Bulkhead {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let id = PolicyId::new(PolicyKind::Bulkhead, self.name.clone());
        let waits =
            if self.config.max_queued == 0 { Some(Duration::ZERO) } else { self.config.queue_timeout };
        stages.push(Stage::new(id).adds(waits));
    }
}
