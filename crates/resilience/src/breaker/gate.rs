use super::word::{Lease, State, Word};
use crate::{
    Verdict,
    sync::{AtomicU64, Ordering},
};

/// The transitions, free of clocks and futures: time comes in as ticks, milliseconds since the breaker was made.
///
/// Lock-free: every transition is one compare-and-swap on `word`. `lease` only says when probes that never came back
/// lose their places; it speaks of the epoch packed in it and is put right by whoever finds it speaking of another.
#[derive(Debug)]
pub(super) struct Gate {
    word: AtomicU64,
    lease: AtomicU64,
}

/// The thresholds a [`Gate`] works with; durations in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) failures: u32,
    pub(super) successes: u16,
    pub(super) open_for: u64,
    pub(super) probes: u16,
    pub(super) probe_lease: u64,
}

/// Leave to call, of one epoch.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct Permit {
    epoch: u64,
}

/// What the gate says to a caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Go on; the result is recorded with the permit.
    Admitted(Permit),
    /// Closed to this call; ticks to the next chance, where known.
    Rejected {
        /// Ticks until a probe may go.
        retry_after: Option<u64>,
    },
}

impl Gate {
    /// A closed gate.
    #[allow(clippy::new_without_default, reason = "loom's atomics make it no constant")]
    pub(super) fn new() -> Self {
        Self { word: AtomicU64::new(Word::NEW.bits()), lease: AtomicU64::new(Lease::NONE.bits()) }
    }

    pub(super) fn load(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    /// The state now. An open gate whose time is over stays open until somebody calls.
    pub(super) fn state(&self) -> State {
        self.load().state()
    }

    fn swap(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.bits(), to.bits(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Asks leave to call. `now` is read only where time decides.
    pub(super) fn admit(&self, limits: &Limits, now: impl Fn() -> u64) -> Admission {
        loop {
            let word = self.load();
            match word.state() {
                State::Closed => return Admission::Admitted(Permit { epoch: word.epoch() }),
                State::Open => {
                    let (now, until) = (now(), word.open_until());
                    if now < until {
                        return Admission::Rejected { retry_after: Some(until - now) };
                    }
                    let next = word.half_opened();
                    if self.swap(word, next) {
                        return self.probe(next, now + limits.probe_lease);
                    }
                }
                State::HalfOpen if word.probes_out() < limits.probes => {
                    let next = word.with_probes(word.probes_out() + 1, word.probe_successes());
                    if self.swap(word, next) {
                        return self.probe(next, now() + limits.probe_lease);
                    }
                }
                State::HalfOpen => {
                    let now = now();
                    let lease = Lease::from_bits(self.lease.load(Ordering::Acquire));
                    if lease.epoch() != word.epoch() {
                        // Its owner was overtaken between its two stores: the episode gets a lease all the same, since
                        // an episode without one could stay half-open for ever.
                        let renewed = Lease::new(word.epoch(), now + limits.probe_lease);
                        let _ = self.lease.compare_exchange(
                            lease.bits(),
                            renewed.bits(),
                            Ordering::AcqRel,
                            Ordering::Acquire,
                        );
                        return Admission::Rejected { retry_after: Some(limits.probe_lease) };
                    }
                    if now < lease.until() {
                        return Admission::Rejected { retry_after: None };
                    }
                    // Every probe out has outlived its lease: a new epoch takes their places, and what they say later
                    // is stale.
                    let next = word.half_opened();
                    if self.swap(word, next) {
                        return self.probe(next, now + limits.probe_lease);
                    }
                }
            }
        }
    }

    fn probe(&self, word: Word, lease_until: u64) -> Admission {
        self.lease.store(Lease::new(word.epoch(), lease_until).bits(), Ordering::Release);
        Admission::Admitted(Permit { epoch: word.epoch() })
    }

    /// Records what became of an admitted call, and answers the state it brought about, if it changed any.
    ///
    /// Writes nothing for a success while the gate is closed and no failure is counted.
    #[inline]
    pub(super) fn record(
        &self,
        permit: &Permit,
        verdict: Verdict,
        limits: &Limits,
        now: impl Fn() -> u64,
    ) -> Option<State> {
        loop {
            let word = self.load();
            if word.epoch() != permit.epoch {
                return None;
            }
            let next = match (word.state(), verdict) {
                (State::Closed, Verdict::Success) if word.failures() == 0 => return None,
                (State::Closed, Verdict::Success) => word.with_failures(0),
                (State::Closed, Verdict::Failure) => {
                    let failures = word.failures().saturating_add(1);
                    if failures < limits.failures {
                        word.with_failures(failures)
                    } else {
                        word.opened(now() + limits.open_for)
                    }
                }
                (State::HalfOpen, Verdict::Success) => {
                    let successes = word.probe_successes().saturating_add(1);
                    if successes < limits.successes {
                        word.with_probes(word.probes_out().saturating_sub(1), successes)
                    } else {
                        word.closed()
                    }
                }
                (State::HalfOpen, Verdict::Failure) => word.opened(now() + limits.open_for),
                (State::HalfOpen, Verdict::Ignore | Verdict::Abandoned) => {
                    word.with_probes(word.probes_out().saturating_sub(1), word.probe_successes())
                }
                // No permit carries an open epoch.
                (State::Closed, Verdict::Ignore | Verdict::Abandoned) | (State::Open, _) => return None,
            };
            if self.swap(word, next) {
                return (next.state() != word.state()).then_some(next.state());
            }
        }
    }
}
