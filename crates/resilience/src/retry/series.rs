use super::{Notify, Retry, state::Core, timer::Timer};
use crate::{
    Attempt, Classify, Error, StoppedBy, Verdict,
    telemetry::{Event, Observer},
};
use std::time::Duration;
use tokio::time::Instant;

/// Where a call stands in its series of attempts, and the decision what follows a failed one.
#[derive(Debug)]
pub(super) struct Series {
    first: Attempt,
    /// When it began to take time: the first `Pending`. An operation that is ready at once costs no clock.
    began: Option<Instant>,
    /// Boxed, since most calls need none of it and all would carry it.
    later: Option<Box<Later>>,
}

/// What only a call needs that is tried again, or whose attempts are limited.
#[derive(Debug, Default)]
struct Later {
    /// Attempts made after the first.
    retries: u32,
    /// The pause before the last attempt, as it was drawn.
    previous: Option<Duration>,
    timer: Timer,
}

/// What a failed attempt is kept in: the way to it is rare, and must not make the way to a success longer.
pub(super) type Failed<T, E> = Box<Result<T, Error<E>>>;

/// What follows a failed attempt.
enum Next {
    Pause(Duration),
    Stop(StoppedBy),
    /// In shadow mode.
    LetThrough,
}

impl Series {
    /// Of a call that begins now, and is counted with the budget.
    #[inline]
    pub(super) fn new(core: &Core, first: Attempt) -> Self {
        let first = core.budget.as_ref().map_or(first, |budget| budget.count_call(first));
        Self { first, began: None, later: None }
    }

    /// The attempt that starts now.
    #[inline]
    pub(super) fn attempt(&self, limit: Option<Duration>) -> Attempt {
        let attempt = if self.later.is_none() { self.first } else { self.again() };
        limit.map_or(attempt, |limit| attempt.within(limit))
    }

    #[cold]
    fn again(&self) -> Attempt {
        let number = self.first.number().saturating_add(self.retries());
        self.first.after(self.spent()).numbered(number)
    }

    fn retries(&self) -> u32 {
        self.later.as_ref().map_or(0, |later| later.retries)
    }

    /// Of the pause, or of the attempt's limit.
    pub(super) fn timer(&mut self) -> &mut Timer {
        &mut self.later.get_or_insert_default().timer
    }

    /// The clock starts, if anything asks for the time.
    pub(super) fn takes_time(&mut self, is_timed: bool) {
        if self.began.is_none() && (is_timed || self.first.time_left().is_some()) {
            self.began = Some(Instant::now());
        }
    }

    fn spent(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    fn attempts(&self) -> u32 {
        self.retries().saturating_add(1)
    }

    /// The call ends in what the classifier does not call a failure.
    #[inline]
    pub(super) fn ended<C, O: Observer, N>(&self, policy: &Retry<C, O, N>, verdict: Verdict, is_ok: bool) {
        if is_ok && self.later.is_some() {
            self.recovered(policy);
        }
        policy.observer.on(&policy.core.id, Event::Ended(verdict));
    }

    #[cold]
    #[inline(never)]
    fn recovered<C, O: Observer, N>(&self, policy: &Retry<C, O, N>) {
        let attempts = self.attempts();
        if attempts > 1 {
            policy.core.counts.recovered.increment();
            policy.observer.on(&policy.core.id, Event::Recovered { attempts });
        }
    }

    /// What follows a failed attempt: a pause and another, or the end of the call.
    pub(super) fn failed<T, E, C, O, N>(
        &mut self,
        policy: &Retry<C, O, N>,
        failed: Failed<T, E>,
    ) -> Result<Duration, Failed<T, E>>
    where
        C: Classify<T, E>,
        O: Observer,
        N: Notify<T, E>,
    {
        let core = &policy.core;
        let attempts = self.attempts();
        let asked = policy.classifier.retry_after((*failed).as_ref());
        let outcome = match self.next(policy, asked.unwrap_or_default()) {
            Next::Pause(pause) => {
                policy.observer.on(&core.id, Event::Retrying { attempts, pause });
                policy.notify.retrying((*failed).as_ref(), attempts, pause);
                return Ok(pause);
            }
            Next::LetThrough => failed,
            Next::Stop(stopped_by) => {
                core.counts.exhausted.increment();
                policy.observer.on(&core.id, Event::GaveUp { attempts, stopped_by });
                match *failed {
                    Err(last) if attempts > 1 || tells_something(stopped_by) => {
                        let (policy, last) = (core.id.name.clone(), Box::new(last));
                        Box::new(Err(Error::RetriesExhausted { policy, attempts, stopped_by, last }))
                    }
                    only => Box::new(only),
                }
            }
        };
        policy.observer.on(&core.id, Event::Ended(Verdict::Failure));
        Err(outcome)
    }

    fn next<C, O: Observer, N>(&mut self, policy: &Retry<C, O, N>, asked: Duration) -> Next {
        let core = &policy.core;
        let config = core.config.read();
        let attempts = self.attempts();
        if attempts >= config.max_attempts {
            return Next::Stop(StoppedBy::Attempts);
        }
        if asked > config.max_retry_after {
            return Next::Stop(StoppedBy::RetryAfter(asked));
        }
        let previous = self.later.as_ref().and_then(|later| later.previous);
        let own = core.draws.pause(&config, attempts, previous);
        let pause = own.max(asked);
        if let Some(stopped_by) = self.out_of_time(config.max_elapsed, pause, asked) {
            return Next::Stop(stopped_by);
        }
        if config.shadow {
            core.counts.would_retry.increment();
            policy.observer.on(&core.id, Event::WouldAct);
            return Next::LetThrough;
        }
        if core.budget.as_ref().is_some_and(|budget| !budget.grant()) {
            core.counts.refused.increment();
            policy.observer.on(&core.id, Event::BudgetSpent);
            return Next::Stop(StoppedBy::Budget);
        }
        if attempts == 1 {
            core.counts.retried.increment();
        }
        core.counts.extra_attempts.increment();
        self.takes_time(config.max_elapsed.is_some());
        let later = self.later.get_or_insert_default();
        (later.retries, later.previous) = (attempts, Some(own));
        Next::Pause(pause)
    }

    /// Why there is no time for this pause. A pause to the deadline itself is in vain; one to the end of the longest
    /// series is not.
    fn out_of_time(
        &self,
        max_elapsed: Option<Duration>,
        pause: Duration,
        asked: Duration,
    ) -> Option<StoppedBy> {
        let awake = self.spent().saturating_add(pause);
        let stopped_by = if self.first.time_left().is_some_and(|left| awake >= left) {
            StoppedBy::Deadline
        } else if max_elapsed.is_some_and(|longest| awake > longest) {
            StoppedBy::MaxElapsed
        } else {
            return None;
        };
        let asked_for_longer = !asked.is_zero() && asked == pause;
        Some(if asked_for_longer { StoppedBy::RetryAfter(asked) } else { stopped_by })
    }
}

/// What the compiler would make of it, but out of the way of the calls that have nothing to drop.
impl Drop for Series {
    #[inline]
    fn drop(&mut self) {
        if let Some(later) = self.later.take() {
            drop_late(later);
        }
    }
}

#[cold]
#[inline(never)]
fn drop_late(later: Box<Later>) {
    drop(later);
}

/// After a single attempt the error stays plain where its own limits ended the series, as a caller expects of them.
fn tells_something(stopped_by: StoppedBy) -> bool {
    matches!(stopped_by, StoppedBy::Budget | StoppedBy::RetryAfter(_))
}
