use super::{
    Cause, State,
    lease::Lease,
    limits::{Limits, RampStep, TooHigh},
    window::Window,
    word::{Epoch, Word},
};
use crate::{
    FailureKind, Verdict,
    sync::{AtomicU64, Ordering},
};

/// The transitions, free of clocks and futures: time comes in as ticks, milliseconds since the breaker was made, and
/// chance as a number between 0 and 1.
///
/// Lock-free: every transition is one compare-and-swap on `word`. `lease` says when probes that never came back lose
/// their places, or when a ramp began; it carries the epoch it speaks of and is put right by whoever finds it speaking of
/// another.
#[derive(Debug)]
pub(super) struct Gate {
    word: AtomicU64,
    lease: AtomicU64,
    /// Calls that met a ramp, of which every so many pass.
    ramped: AtomicU64,
}

/// What a gate needs from outside to decide.
pub(super) struct Surroundings<'a, Now, Chance> {
    pub(super) limits: &'a Limits,
    pub(super) window: Option<&'a Window>,
    pub(super) now: Now,
    pub(super) chance: Chance,
}

/// A call's end, as the breaker judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) kind: FailureKind,
    /// It took longer than the threshold for slow calls, where there is one.
    pub(super) slow: bool,
}

/// What the gate says to a caller.
#[derive(Debug, PartialEq)]
pub(super) enum Admission {
    /// Go on; the result is recorded with the epoch.
    Admitted(Epoch, Option<Move>),
    /// Closed to this call; ticks to the next chance, where known.
    Rejected { retry_after: Option<u64> },
}

/// A transition that was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    pub(super) from: State,
    pub(super) to: State,
    pub(super) epoch: Epoch,
    pub(super) cause: Cause,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Recorded {
    /// It counted, and moved nothing.
    Counted,
    /// It came from another epoch.
    Stale,
    /// It was the one that brought this about.
    Moved(Move),
}

impl Gate {
    /// A closed gate.
    #[allow(clippy::new_without_default, reason = "loom's atomics make it no constant")]
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(Word::NEW.bits()),
            lease: AtomicU64::new(Lease::NONE.bits()),
            ramped: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    fn swap(&self, from: Word, to: Word, cause: Cause) -> Option<Move> {
        self.word
            .compare_exchange(from.bits(), to.bits(), Ordering::AcqRel, Ordering::Acquire)
            .ok()
            .map(|_| Move { from: from.state(), to: to.state(), epoch: to.epoch(), cause })
    }

    /// As [`swap`](Self::swap), within a state.
    fn update(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.bits(), to.bits(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Asks leave to call. The clock is read only where time decides.
    pub(super) fn admit<Now: Fn() -> u64, Chance>(
        &self,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Admission {
        let limits = around.limits;
        loop {
            let word = self.load();
            match word.state() {
                State::Closed | State::ForcedClosed | State::Disabled => {
                    return Admission::Admitted(word.epoch(), None);
                }
                State::ForcedOpen => return Admission::Rejected { retry_after: None },
                State::Open => {
                    let (now, until) = ((around.now)(), word.open_until());
                    if now < until {
                        return Admission::Rejected { retry_after: Some(until - now) };
                    }
                    let next = word.half_opened();
                    if let Some(moved) = self.swap(word, next, Cause::OpenTimeOver) {
                        return self.probe(next, now, limits, Some(moved));
                    }
                }
                State::HalfOpen if word.probes_out() < limits.probes => {
                    let next = word.with_probes(word.probes_out() + 1, word.probe_successes());
                    if self.update(word, next) {
                        return self.probe(next, (around.now)(), limits, None);
                    }
                }
                State::HalfOpen => {
                    let now = (around.now)();
                    let Some(until) = self.lease_of(word.epoch(), now.saturating_add(limits.probe_lease))
                    else {
                        return Admission::Rejected { retry_after: Some(limits.probe_lease) };
                    };
                    if now < until {
                        return Admission::Rejected { retry_after: None };
                    }
                    // Every probe out has outlived its lease: a new epoch takes their places, and what they say later
                    // is stale.
                    let next = word.half_opened();
                    if let Some(moved) = self.swap(word, next, Cause::ProbesLost) {
                        return self.probe(next, now, limits, Some(moved));
                    }
                }
                State::Ramping => {
                    let now = (around.now)();
                    let began = self.lease_of(word.epoch(), now).unwrap_or(now);
                    match limits.ramp.at(now.saturating_sub(began)) {
                        RampStep::Share(share, next_step) => {
                            return if self.passes_ramp(share) {
                                Admission::Admitted(word.epoch(), None)
                            } else {
                                Admission::Rejected { retry_after: Some(next_step) }
                            };
                        }
                        RampStep::Over => {
                            let next = word.closed();
                            if let Some(moved) = self.swap(word, next, Cause::RampOver) {
                                return Admission::Admitted(next.epoch(), Some(moved));
                            }
                        }
                    }
                }
            }
        }
    }

    /// The tick that the lease gives for `epoch`. Where its owner was overtaken between his two stores, the episode gets
    /// `fresh` all the same, since one without could last for ever, and the answer is `None`.
    fn lease_of(&self, epoch: Epoch, fresh: u64) -> Option<u64> {
        let lease = Lease::from_bits(self.lease.load(Ordering::Acquire));
        lease.of(epoch).or_else(|| {
            let renewed = Lease::new(epoch, fresh).bits();
            let _ = self.lease.compare_exchange(lease.bits(), renewed, Ordering::AcqRel, Ordering::Acquire);
            None
        })
    }

    fn probe(&self, word: Word, now: u64, limits: &Limits, moved: Option<Move>) -> Admission {
        let until = now.saturating_add(limits.probe_lease);
        self.lease.store(Lease::new(word.epoch(), until).bits(), Ordering::Release);
        Admission::Admitted(word.epoch(), moved)
    }

    /// Of any so many calls in a row, `share` of them, evenly spread.
    fn passes_ramp(&self, share: f64) -> bool {
        let before = self.ramped.fetch_add(1, Ordering::Relaxed) as f64;
        ((before + 1.0) * share).floor() > (before * share).floor()
    }

    /// Records what became of an admitted call.
    pub(super) fn record<Now: Fn() -> u64, Chance: Fn() -> f64>(
        &self,
        epoch: Epoch,
        judged: Judged,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Recorded {
        let word = self.load();
        if word.epoch() != epoch {
            return Recorded::Stale;
        }
        match (word.state(), around.window) {
            (State::HalfOpen, _) => self.record_probe(epoch, judged, around),
            (State::Closed | State::Ramping, None) => self.record_in_a_row(epoch, judged, around),
            (State::Closed | State::Ramping, Some(window)) => {
                self.record_in_window(epoch, judged, window, around)
            }
            // No permit carries an open epoch; forced states are not moved.
            _ => Recorded::Counted,
        }
    }

    fn record_probe<Now: Fn() -> u64, Chance: Fn() -> f64>(
        &self,
        epoch: Epoch,
        judged: Judged,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Recorded {
        loop {
            let word = self.load();
            if word.epoch() != epoch {
                return Recorded::Stale;
            }
            let out = word.probes_out().saturating_sub(1);
            let moved = match judged.verdict {
                Verdict::Failure => {
                    return self.open(epoch, Cause::ProbeFailed(judged.kind), around);
                }
                Verdict::Success => {
                    let successes = word.probe_successes().saturating_add(1);
                    if successes < around.limits.successes {
                        self.update(word, word.with_probes(out, successes)).then_some(Recorded::Counted)
                    } else if around.limits.ramp.is_none() {
                        self.swap(word, word.closed(), Cause::ProbesSucceeded(successes)).map(Recorded::Moved)
                    } else {
                        let next = word.ramping();
                        let moved = self.swap(word, next, Cause::ProbesSucceeded(successes));
                        if moved.is_some() {
                            let began = Lease::new(next.epoch(), (around.now)());
                            self.lease.store(began.bits(), Ordering::Release);
                        }
                        moved.map(Recorded::Moved)
                    }
                }
                Verdict::Ignore | Verdict::Abandoned => {
                    let freed = word.with_probes(out, word.probe_successes());
                    self.update(word, freed).then_some(Recorded::Counted)
                }
            };
            if let Some(recorded) = moved {
                return recorded;
            }
        }
    }

    fn record_in_a_row<Now: Fn() -> u64, Chance: Fn() -> f64>(
        &self,
        epoch: Epoch,
        judged: Judged,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Recorded {
        loop {
            let word = self.load();
            if word.epoch() != epoch {
                return Recorded::Stale;
            }
            let failures = match judged.verdict {
                Verdict::Success => 0,
                Verdict::Failure => word.failures().saturating_add(1),
                Verdict::Ignore | Verdict::Abandoned => return Recorded::Counted,
            };
            if failures >= around.limits.failures {
                return self.open(epoch, Cause::FailuresInARow(failures), around);
            }
            if failures == word.failures() || self.update(word, word.with_failures(failures)) {
                return Recorded::Counted;
            }
        }
    }

    fn record_in_window<Now: Fn() -> u64, Chance: Fn() -> f64>(
        &self,
        epoch: Epoch,
        judged: Judged,
        window: &Window,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Recorded {
        let failed = judged.verdict == Verdict::Failure;
        // A call that was dropped after having been slow was slow, whatever else it would have been: otherwise a timeout
        // outside the breaker would blind it.
        if !failed && judged.verdict != Verdict::Success && !judged.slow {
            return Recorded::Counted;
        }
        let Some(tally) = window.record(epoch, failed, judged.slow, &around.now) else {
            return Recorded::Stale;
        };
        let cause = match around.limits.rates.judge(&tally) {
            None => return Recorded::Counted,
            Some(TooHigh::Failures) => Cause::FailureRate(tally),
            Some(TooHigh::Slow) => Cause::SlowCallRate(tally),
        };
        self.open(epoch, cause, around)
    }

    /// Opens, if the epoch is still that of the record that asks for it.
    fn open<Now: Fn() -> u64, Chance: Fn() -> f64>(
        &self,
        epoch: Epoch,
        cause: Cause,
        around: &Surroundings<'_, Now, Chance>,
    ) -> Recorded {
        let (now, chance) = ((around.now)(), (around.chance)());
        loop {
            let word = self.load();
            if word.epoch() != epoch {
                return Recorded::Stale;
            }
            // From closed, the first in a row.
            let streak = if word.state() == State::Closed { 0 } else { word.streak() + 1 };
            let until = now.saturating_add(around.limits.open.ticks(streak, chance));
            if let Some(moved) = self.swap(word, word.opened(until, streak), cause) {
                return Recorded::Moved(moved);
            }
        }
    }

    /// Goes to `state` whatever the state; `None` if it is there already.
    pub(super) fn force(&self, state: State, cause: Cause) -> Option<Move> {
        loop {
            let word = self.load();
            if word.state() == state && state != State::Closed {
                return None;
            }
            if let Some(moved) = self.swap(word, word.forced(state), cause) {
                return Some(moved);
            }
        }
    }
}
