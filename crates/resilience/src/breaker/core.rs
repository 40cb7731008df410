use super::{
    BreakerConfig, State, Transition,
    gate::{Admission, Gate, Judged, Move, Recorded, Surroundings},
    history::History,
    limits::ticks,
    settings::Settings,
    transition::Listener,
    word::Epoch,
};
use crate::{
    ConfigError, FailureKind, Verdict,
    counter::Counter,
    live::Live,
    random::Series,
    telemetry::{PolicyId, PolicyKind},
};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// What a breaker's handles share, whatever its classifier.
///
/// The hot path reads `gate` and the two flags; all else is touched only by calls that fail, are turned away, or go
/// through a window.
pub(super) struct Core {
    pub(super) gate: Gate,
    /// A window decides: every outcome goes into it.
    windowed: AtomicBool,
    /// Slowness counts: the clock is read when a call first has to wait.
    timed: AtomicBool,
    pub(super) id: PolicyId,
    pub(super) settings: Live<Settings>,
    made: Instant,
    pub(super) counts: Counts,
    pub(super) history: Mutex<History>,
    random: Series,
    pub(super) watch: watch::Sender<State>,
    listeners: ArcSwap<Vec<Listener>>,
}

/// Touched only by calls that are not plain successes.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) trips: Counter,
    pub(super) rejected: Counter,
    pub(super) would_reject: Counter,
    pub(super) failures: Counter,
    pub(super) slow: Counter,
    pub(super) ignored: Counter,
    pub(super) abandoned: Counter,
    pub(super) stale: Counter,
}

/// What the breaker says to a call that finds it other than closed.
pub(super) enum Decision {
    /// Go on; the result counts for this epoch.
    Go(Epoch, Option<Move>),
    /// Go on; the breaker is disabled, and the result counts for nothing.
    GoUncounted,
    /// Go on, though it should be turned away; the result counts for nothing.
    GoInShadow,
    /// Turned away.
    Refuse { retry_after: Option<Duration>, last_failure: Option<FailureKind> },
}

impl Core {
    /// Of a configuration that has been validated.
    pub(super) fn of_valid(name: Arc<str>, config: BreakerConfig) -> Self {
        let random = Series::new(config.seed);
        let settings = Settings::new(config);
        Self {
            gate: Gate::new(),
            windowed: AtomicBool::new(settings.window.is_some()),
            timed: AtomicBool::new(settings.is_timed()),
            id: PolicyId::new(PolicyKind::Breaker, name),
            settings: Live::new(settings),
            made: Instant::now(),
            counts: Counts::default(),
            history: Mutex::new(History::new()),
            random,
            watch: watch::Sender::new(State::Closed),
            listeners: ArcSwap::default(),
        }
    }

    pub(super) fn reconfigure(&self, config: BreakerConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        let settings = self.settings.read().changed_to(config, self.gate.load().epoch());
        self.windowed.store(settings.window.is_some(), Ordering::Release);
        self.timed.store(settings.is_timed(), Ordering::Release);
        self.settings.set(settings);
        Ok(())
    }

    pub(super) fn tick(&self) -> u64 {
        ticks(self.made.elapsed())
    }

    #[inline]
    pub(super) fn is_windowed(&self) -> bool {
        self.windowed.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed)
    }

    fn around<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> Surroundings<'a, impl Fn() -> u64 + 'a, impl Fn() -> f64 + 'a> {
        Surroundings {
            limits: &settings.limits,
            window: settings.window.as_deref(),
            now: || self.tick(),
            chance: || self.random.unit(),
        }
    }

    /// Decides on a call that found it other than closed.
    #[cold]
    #[inline(never)]
    pub(super) fn decide(&self) -> Decision {
        let settings = self.settings.read();
        if self.gate.load().state() == State::Disabled {
            return Decision::GoUncounted;
        }
        match self.gate.admit(&self.around(&settings)) {
            Admission::Admitted(epoch, moved) => {
                if let Some(moved) = &moved {
                    self.announce(moved);
                }
                Decision::Go(epoch, moved)
            }
            Admission::Rejected { .. } if settings.config.shadow => {
                self.counts.would_reject.increment();
                Decision::GoInShadow
            }
            Admission::Rejected { retry_after } => {
                self.counts.rejected.increment();
                Decision::Refuse {
                    retry_after: retry_after.map(Duration::from_millis),
                    last_failure: self.history.lock().last_failure.map(|(kind, _)| kind),
                }
            }
        }
    }

    /// Records what became of a call; `took` is how long it has been waited for, where that matters.
    #[inline(never)]
    pub(super) fn record(
        &self,
        epoch: Epoch,
        verdict: Verdict,
        kind: FailureKind,
        took: Option<Duration>,
    ) -> Recorded {
        let settings = self.settings.read();
        let slow = took.is_some_and(|took| took > settings.config.slow_call_after);
        let judged = self.judge(&settings, verdict, kind, slow);
        let recorded = self.gate.record(epoch, judged, &self.around(&settings));
        if recorded == Recorded::Stale {
            self.counts.stale.increment();
        }
        if let Recorded::Moved(moved) = &recorded {
            self.announce(moved);
        }
        recorded
    }

    /// Counts an outcome and says what it means in the state the breaker is in.
    fn judge(&self, settings: &Settings, verdict: Verdict, kind: FailureKind, slow: bool) -> Judged {
        let counts = &self.counts;
        if slow {
            counts.slow.increment();
        }
        // The question a probe asks is whether the callee is well again, and slow is what it was ill of.
        let slow_probe =
            slow && settings.limits.rates.counts_slow() && self.gate.load().state() == State::HalfOpen;
        let (verdict, kind) = if slow_probe && verdict == Verdict::Success {
            (Verdict::Failure, FailureKind::Slow)
        } else {
            (verdict, kind)
        };
        if kind == FailureKind::Abandoned {
            counts.abandoned.increment();
        }
        match verdict {
            Verdict::Success => {}
            Verdict::Failure => {
                counts.failures.increment();
                self.history.lock().last_failure = Some((kind, self.tick()));
            }
            Verdict::Ignore | Verdict::Abandoned => {
                counts.ignored.increment();
            }
        }
        Judged { verdict, kind, slow }
    }

    /// Tells of a transition: the counts, the history, those who watch, those who listen.
    fn announce(&self, moved: &Move) {
        if moved.to == State::Open {
            self.counts.trips.increment();
        }
        {
            let mut history = self.history.lock();
            // Under the same lock, so that the state that is watched is the latest, whoever comes first.
            if history.note(moved, self.tick()) {
                self.watch.send_replace(moved.to);
            }
        }
        let listeners = self.listeners.load();
        if listeners.is_empty() {
            return;
        }
        let transition = Transition {
            breaker: self.id.name.clone(),
            from: moved.from,
            to: moved.to,
            cause: moved.cause,
            at: Instant::now(),
        };
        for listener in listeners.iter() {
            // It may be called while a panic is under way, where a second one would end the process.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(&transition)));
        }
    }

    pub(super) fn listen(&self, listener: Listener) {
        self.listeners.rcu(|listeners| {
            let mut listeners = Vec::clone(listeners);
            listeners.push(listener.clone());
            listeners
        });
    }

    /// Puts it into `state`; a closed one begins anew.
    pub(super) fn force(&self, state: State) {
        if let Some(moved) = self.gate.force(state, super::Cause::Manual) {
            self.announce(&moved);
        }
    }
}
