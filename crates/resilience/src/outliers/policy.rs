use super::{
    Chosen, EndpointCall, EndpointReport, NoEndpoint, OutliersConfig, OutliersSnapshot, Standing, Under,
    explain::Cause,
    limits::{Limits, ticks},
    member::Place,
    set::{Change, Choice, Set},
};
use crate::{
    Attempt, ByError, Classify, ConfigError, Error, Failures, Operation, Verdict,
    counter::Counter,
    live::Live,
    random::Series,
    telemetry::{Event, Observer, PolicyId, PolicyKind},
};
use parking_lot::Mutex;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Chooses an endpoint for each call, and takes out for a time those that fail while others do not.
///
/// An outlier is ejected for a time that grows with each ejection, then one call tries it: it comes back or goes out
/// again. So many may be out at once and no more, so that a fault all endpoints share ejects but a part of them. No timer
/// and no task; one short lock a choice and one an outcome.
///
/// ```
/// # use mainstay_resilience::{Error, outliers::{Outliers, OutliersConfig}};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let config = OutliersConfig::default().consecutive_failures(1);
/// let valuers = Outliers::new("valuers", config, ["10.0.0.1", "10.0.0.2"]).unwrap();
/// let ask = |host: std::sync::Arc<&'static str>| async move {
///     if *host == "10.0.0.1" { Err("down") } else { Ok(850_000) }
/// };
/// let answers = [valuers.call(ask).await, valuers.call(ask).await, valuers.call(ask).await];
/// assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
/// assert_eq!(valuers.snapshot().ejected, 1);
/// let sick = valuers.explain().into_iter().find(|report| *report.endpoint == "10.0.0.1").unwrap();
/// assert_eq!(sick.to_string(), r#""10.0.0.1" is out for another 30s, the 1st time: 1 failures in a row"#);
/// # }
/// ```
pub struct Outliers<T, C = Failures, O = ()> {
    id: PolicyId,
    config: Live<OutliersConfig>,
    /// The endpoints, and the limits they are held to.
    pub(super) set: Mutex<Set<T>>,
    made: Instant,
    random: Series,
    pub(super) classifier: C,
    ejections: Counter,
    readmissions: Counter,
    would_eject: Counter,
    rejected: Counter,
    observer: O,
}

impl<T> Outliers<T> {
    /// A set named `name`, in its errors, of `endpoints`, all of them in; there may be none for the present.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(
        name: impl Into<Arc<str>>,
        config: OutliersConfig,
        endpoints: impl IntoIterator<Item = T>,
    ) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Outliers, name);
        config.validate(&id.name)?;
        let mut set = Set::new(Limits::new(&config));
        endpoints.into_iter().for_each(|endpoint| set.add(endpoint, 0));
        Ok(Self {
            id,
            set: Mutex::new(set),
            made: Instant::now(),
            random: Series::new(config.seed),
            config: Live::new(config),
            classifier: Failures,
            ejections: Counter::default(),
            readmissions: Counter::default(),
            would_eject: Counter::default(),
            rejected: Counter::default(),
            observer: (),
        })
    }
}

impl<T, C, O> Outliers<T, C, O> {
    fn with<D, P>(self, parts: impl FnOnce(C, O) -> (D, P)) -> Outliers<T, D, P> {
        let (classifier, observer) = parts(self.classifier, self.observer);
        Outliers {
            id: self.id,
            config: self.config,
            set: self.set,
            made: self.made,
            random: self.random,
            classifier,
            ejections: self.ejections,
            readmissions: self.readmissions,
            would_eject: self.would_eject,
            rejected: self.rejected,
            observer,
        }
    }

    /// Judges outcomes by `classifier` instead of [`Failures`].
    pub fn classify<D>(self, classifier: D) -> Outliers<T, D, O> {
        self.with(|_, observer| (classifier, observer))
    }

    /// Counts as failures only the errors for which `is_failure` answers `true`; other errors are ignored.
    pub fn fail_if<F>(self, is_failure: F) -> Outliers<T, ByError<F>, O> {
        self.classify(ByError(is_failure))
    }

    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Outliers<T, C, P> {
        observer.attach(&self.id);
        self.with(|classifier, _| (classifier, observer))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<OutliersConfig> {
        self.config.get()
    }

    pub(super) fn now(&self) -> u64 {
        ticks(self.made.elapsed())
    }

    pub(super) fn abandoned(&self) -> Verdict {
        self.config.read().abandoned
    }

    /// Its counts at this moment.
    pub fn snapshot(&self) -> OutliersSnapshot {
        let set = self.set.lock();
        OutliersSnapshot {
            endpoints: set.members.len(),
            ejected: set.out(),
            ejections: self.ejections.get(),
            readmissions: self.readmissions.get(),
            would_eject: self.would_eject.get(),
            rejected: self.rejected.get(),
        }
    }

    /// Why each endpoint is in or out.
    pub fn explain(&self) -> Vec<EndpointReport<T>> {
        let now = self.now();
        let set = self.set.lock();
        let report = |member: &super::member::Member<T>| {
            let totals = member.window.totals(now);
            let standing = match (member.place, member.cause) {
                (Place::In, None) => Standing::In,
                (Place::In, Some(cause)) => Standing::Kept(cause),
                (Place::Trial { .. }, _) => Standing::Trial,
                (Place::Out { until }, cause) => Standing::Ejected {
                    cause: cause.unwrap_or(Cause::TrialFailed),
                    remaining: Duration::from_millis(until.saturating_sub(now)),
                },
            };
            EndpointReport {
                endpoint: member.slot.endpoint.clone(),
                standing,
                consecutive_failures: member.consecutive,
                calls: totals.calls,
                failures: totals.failures,
                in_flight: member.slot.in_flight.load(Ordering::Relaxed),
                ejections: member.unforgiven(set.limits(), now),
            }
        };
        set.members.iter().map(report).collect()
    }
}

impl<T, C, O: Observer> Outliers<T, C, O> {
    /// Works with `config` from the next call on; what is known of the endpoints is kept. If fewer may be out now, those
    /// come back that would be tried first.
    ///
    /// # Errors
    /// A field of `config` out of its range; nothing changes then.
    pub fn reconfigure(&self, config: OutliersConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        let (limits, now) = (Limits::new(&config), self.now());
        let mut set = self.set.lock();
        self.config.set(config);
        let readmitted = set.limit(limits, now);
        drop(set);
        self.tell_readmitted(readmitted);
        Ok(())
    }

    /// An endpoint for one call.
    ///
    /// # Errors
    /// No endpoint is in, and [`OutliersConfig::when_none`] says to shed; or there is none.
    pub fn choose(&self) -> Result<Chosen<'_, T, C, O>, NoEndpoint> {
        let mut set = self.set.lock();
        if let Some(choice) = set.choose(&self.random, || self.now()) {
            drop(set);
            return Ok(Chosen::new(self, choice));
        }
        let due = set.next_due();
        drop(set);
        self.rejected.increment();
        self.observer.on(&self.id, Event::Rejected);
        let retry_after = due.map(|due| Duration::from_millis(due.saturating_sub(self.now())));
        Err(NoEndpoint { policy: self.id.name.clone(), retry_after })
    }

    /// Takes down what became of a call. The observer hears of it after the lock is let go.
    pub(super) fn settle(&self, choice: &Choice<T>, verdict: Verdict) {
        choice.slot.in_flight.fetch_sub(1, Ordering::Relaxed);
        let change = self.set.lock().record(choice, verdict, || self.now());
        self.observer.on(&self.id, Event::Ended(verdict));
        match change {
            None => {}
            Some(Change::Ejected) => {
                self.ejections.increment();
                self.observer.on(&self.id, Event::Ejected);
            }
            Some(Change::Readmitted) => self.tell_readmitted(1),
            Some(Change::WouldEject) => {
                self.would_eject.increment();
                self.observer.on(&self.id, Event::WouldReject);
            }
        }
    }

    pub(super) fn tell_readmitted(&self, endpoints: usize) {
        for _ in 0..endpoints {
            self.readmissions.increment();
            self.observer.on(&self.id, Event::Readmitted);
        }
    }

    pub(super) fn out_of_time<E>(&self) -> Error<E> {
        self.rejected.increment();
        self.observer.on(&self.id, Event::Rejected);
        Error::DeadlineExceeded { policy: self.id.name.clone() }
    }

    /// Runs `operation` with an endpoint chosen for it; nothing happens before the first poll.
    ///
    /// # Errors
    /// [`Error::Operation`] with the operation's own error; [`Error::Shed`] where no endpoint is left.
    ///
    /// # Cancel safety
    /// Dropping it drops the operation; the call counts as [`OutliersConfig::abandoned`] says, and a trial's place is
    /// free again.
    pub async fn call<F, Fut, V, E>(&self, operation: F) -> Result<V, Error<E>>
    where
        F: Fn(Arc<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        C: Classify<V, E>,
    {
        let operation = |endpoint, _: Attempt| operation(endpoint);
        EndpointCall::new(self, &operation).start(Attempt::first()).await
    }

    /// This set inside `policy`, whose every attempt has an endpoint chosen anew.
    pub fn under<'p, P>(&'p self, policy: &'p P) -> Under<'p, P, T, C, O> {
        Under { outliers: self, policy }
    }
}

impl<T, C, O> std::fmt::Debug for Outliers<T, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outliers")
            .field("name", &self.id.name)
            .field("config", &self.config())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
