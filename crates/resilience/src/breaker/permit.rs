use super::{CircuitBreaker, core::Decision, gate::Recorded, word::Epoch};
use crate::{
    Classify, Error, FailureKind, Verdict,
    breaker::State,
    telemetry::{Event, Observer},
};
use std::time::Duration;
use tokio::time::Instant;

/// Leave to call that cannot be lost: dropped without a result, it records what became of the call.
///
/// It is asked for and settled where it lies, in the call's future: moved about, it would cost more than the rest of a
/// closed breaker does.
pub(super) struct Permit<'p, C, O: Observer> {
    breaker: &'p CircuitBreaker<C, O>,
    /// Since when the call has been waited for; kept only where slowness counts.
    waiting_since: Option<Instant>,
    epoch: Epoch,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not asked for yet.
    Unasked,
    /// User code is running: if the permit is dropped now, it panicked.
    InUserCode,
    /// The call is pending: if the permit is dropped now, its caller dropped it.
    Waiting,
    /// The call goes on, and its result is to count for nothing.
    Uncounted,
    /// Settled.
    Settled,
}

/// Why there is no permit: what the error needs, and no more, so that it is built where it is returned.
pub(super) struct Refusal {
    pub(super) retry_after: Option<Duration>,
    pub(super) last_failure: Option<FailureKind>,
}

impl<'p, C, O: Observer> Permit<'p, C, O> {
    #[inline]
    pub(super) fn unasked(breaker: &'p CircuitBreaker<C, O>) -> Self {
        Self { breaker, waiting_since: None, epoch: Epoch(0), stage: Stage::Unasked }
    }

    pub(super) fn breaker(&self) -> &'p CircuitBreaker<C, O> {
        self.breaker
    }

    #[inline]
    pub(super) fn is_unasked(&self) -> bool {
        self.stage == Stage::Unasked
    }

    /// Asks leave to call; `None` is leave.
    #[inline]
    pub(super) fn ask(&mut self) -> Option<Refusal> {
        let word = self.breaker.core.gate.load();
        if word.state() == State::Closed {
            (self.epoch, self.stage) = (word.epoch(), Stage::InUserCode);
            return None;
        }
        self.ask_gate()
    }

    #[cold]
    #[inline(never)]
    fn ask_gate(&mut self) -> Option<Refusal> {
        match self.breaker.core.decide() {
            Decision::Go(epoch, moved) => {
                (self.epoch, self.stage) = (epoch, Stage::InUserCode);
                if let Some(moved) = moved {
                    self.breaker.tell(Event::Transition { from: moved.from, to: moved.to });
                }
            }
            Decision::GoUncounted => self.stage = Stage::Uncounted,
            Decision::GoInShadow => {
                self.stage = Stage::Uncounted;
                self.breaker.tell(Event::WouldReject);
            }
            Decision::Refuse { retry_after, last_failure } => {
                self.breaker.tell(Event::Rejected);
                return Some(Refusal { retry_after, last_failure });
            }
        }
        None
    }

    /// The call is about to be polled again.
    #[inline]
    pub(super) fn enter_user_code(&mut self) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::InUserCode;
        }
    }

    /// The call has to wait: from here on it can be slow, and it can be dropped.
    #[inline]
    pub(super) fn wait(&mut self) {
        if self.stage == Stage::InUserCode {
            self.stage = Stage::Waiting;
            if self.waiting_since.is_none() && self.breaker.core.is_timed() {
                self.waiting_since = Some(Instant::now());
            }
        }
    }

    #[inline(always)]
    pub(super) fn record<T, E>(&mut self, outcome: Result<&T, &Error<E>>)
    where
        C: Classify<T, E>,
    {
        // A classifier that panics leaves the permit to its drop, which records the panic.
        let verdict = self.breaker.classifier.classify(outcome);
        let timed_out = match outcome {
            Ok(_) => false,
            Err(error) => error.is_timeout(),
        };
        let kind = if timed_out { FailureKind::Timeout } else { FailureKind::Operation };
        self.settle(verdict, kind);
    }

    #[inline(always)]
    fn settle(&mut self, verdict: Verdict, kind: FailureKind) {
        let stage = std::mem::replace(&mut self.stage, Stage::Settled);
        if stage == Stage::Uncounted {
            return;
        }
        let core = &self.breaker.core;
        let is_plain =
            verdict == Verdict::Success && !core.is_windowed() && core.gate.load().is_calm(self.epoch);
        if is_plain {
            self.breaker.tell(Event::Ended(verdict));
        } else {
            self.settle_in_gate(verdict, kind);
        }
    }

    #[inline(never)]
    fn settle_in_gate(&self, verdict: Verdict, kind: FailureKind) {
        let took = self.waiting_since.map(|since| since.elapsed());
        match self.breaker.core.record(self.epoch, verdict, kind, took) {
            Recorded::Counted => {}
            Recorded::Stale => return self.breaker.tell(Event::Stale(verdict)),
            Recorded::Moved(moved) => {
                self.breaker.tell(Event::Transition { from: moved.from, to: moved.to });
            }
        }
        self.breaker.tell(Event::Ended(verdict));
    }
}

impl<C, O: Observer> Drop for Permit<'_, C, O> {
    #[inline]
    fn drop(&mut self) {
        match self.stage {
            Stage::Unasked | Stage::Uncounted | Stage::Settled => {}
            Stage::InUserCode => self.settle(Verdict::Failure, FailureKind::Panicked),
            Stage::Waiting => {
                let verdict = self.breaker.core.settings.read().config.abandoned;
                self.settle(verdict, FailureKind::Abandoned);
            }
        }
    }
}
