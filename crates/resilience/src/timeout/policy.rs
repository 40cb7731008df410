use super::{TimeoutConfig, TimeoutFuture};
use crate::{
    Attempt, ConfigError, Describe, Operation, Policy, PolicyExt, StartsOnce,
    counter::Counter,
    live::Live,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Cancels an operation that takes too long.
///
/// The timer is armed only once the operation has returned `Pending`, so an answer that is ready costs no timer and no
/// look at the clock. The limit inward is handed on as [`Attempt::time_left`].
///
/// ```
/// # use mainstay_resilience::{Error, PolicyExt, Timeout};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap();
/// let answer = limit.call(std::future::pending::<Result<(), std::io::Error>>).await;
/// assert!(answer.unwrap_err().is_timeout());
/// # }
/// ```
pub struct Timeout<O = ()> {
    pub(super) id: PolicyId,
    config: Live<TimeoutConfig>,
    /// The limit in nanoseconds, for the hot path; [`SHADOW`] where nothing is cancelled.
    limit: AtomicU64,
    timed_out: Counter,
    pub(super) observer: O,
}

/// A limit of 584 years, which no caller can tell from none.
const SHADOW: u64 = u64::MAX;

impl Timeout {
    /// A timeout named `name`, in its errors.
    ///
    /// # Errors
    /// A limit of 0.
    pub fn new(name: impl Into<Arc<str>>, config: impl Into<TimeoutConfig>) -> Result<Self, ConfigError> {
        let (id, config) = (PolicyId::new(PolicyKind::Timeout, name), config.into());
        config.validate(&id.name)?;
        Ok(Self {
            id,
            limit: AtomicU64::new(limit(&config)),
            config: Live::new(config),
            timed_out: Counter::default(),
            observer: (),
        })
    }
}

fn limit(config: &TimeoutConfig) -> u64 {
    if config.shadow { SHADOW } else { u64::try_from(config.after.as_nanos()).unwrap_or(SHADOW) }
}

impl<O> Timeout<O> {
    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Timeout<P> {
        observer.attach(&self.id);
        Timeout { id: self.id, config: self.config, limit: self.limit, timed_out: self.timed_out, observer }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<TimeoutConfig> {
        self.config.get()
    }

    /// Works with `config` from the next call on; a call under way keeps the limit it began with.
    ///
    /// # Errors
    /// A limit of 0; the configuration then stays as it was.
    pub fn reconfigure(&self, config: impl Into<TimeoutConfig>) -> Result<(), ConfigError> {
        let config = config.into();
        config.validate(&self.id.name)?;
        self.limit.store(limit(&config), Ordering::Relaxed);
        self.config.set(config);
        Ok(())
    }

    /// Calls that took too long since it was made, cancelled or, in shadow mode, only counted.
    pub fn timed_out(&self) -> u64 {
        self.timed_out.get()
    }

    /// The limit for a call that begins now; `None` in shadow mode, where nothing is cancelled.
    #[inline]
    pub fn limit(&self) -> Option<Duration> {
        match self.limit.load(Ordering::Relaxed) {
            SHADOW => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    pub(super) fn count_timed_out(&self) {
        self.timed_out.increment();
    }
}

impl<O> std::fmt::Debug for Timeout<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timeout")
            .field("name", &self.id.name)
            .field("config", &self.config())
            .field("timed_out", &self.timed_out())
            .finish_non_exhaustive()
    }
}

impl<'p, Op: Operation, O: Observer> Policy<Op> for &'p Timeout<O> {
    type Future = TimeoutFuture<'p, Op, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        TimeoutFuture::new(self, op, attempt)
    }
}

impl<O> PolicyExt for Timeout<O> {}
impl<O> StartsOnce for Timeout<O> {}

impl<O> Describe for Timeout<O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let stage = Stage::new(self.id.clone());
        stages.push(match self.limit() {
            Some(limit) => stage.limit(limit),
            None => stage,
        });
    }
}
