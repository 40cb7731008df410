use super::{
    RateLimitConfig,
    pace::{Pace, nanos},
    word::{Turn, Word},
};
use crate::{
    Attempt, ConfigError,
    live::Live,
    pipeline::Stage,
    telemetry::{Event, Observer, PolicyId},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// What a limit needs besides its word: a keyed one has one meter and many words.
pub(super) struct Meter<O> {
    pub(super) id: PolicyId,
    active: Live<Active>,
    /// Taken by who changes `active`: each change goes over from the one before, in every word.
    changing: Mutex<()>,
    /// The zero of its clock, which is tokio's, so that a paused runtime pauses it, too (tower-governor#50).
    made: Instant,
    pub(super) waiting: AtomicUsize,
    pub(super) waited: AtomicU64,
    rejected: AtomicU64,
    would_reject: AtomicU64,
    pub(super) observer: O,
}

/// A configuration and what is computed of it.
struct Active {
    config: Arc<RateLimitConfig>,
    pace: Pace,
    max_wait: u64,
}

impl Active {
    fn new(config: RateLimitConfig) -> Self {
        let (pace, max_wait) = (Pace::new(&config), nanos(config.max_wait));
        Self { config: Arc::new(config), pace, max_wait }
    }
}

/// What a meter says to a call.
pub(super) enum Decision {
    /// Now.
    Start,
    /// Later, by this much.
    Wait(Turn, Duration),
    /// No; so much later it would not have to wait.
    Refuse(Duration),
}

impl Meter<()> {
    pub(super) fn new(id: PolicyId, config: RateLimitConfig) -> Result<Self, ConfigError> {
        config.validate(&id.name)?;
        Ok(Self {
            id,
            active: Live::new(Active::new(config)),
            changing: Mutex::new(()),
            made: Instant::now(),
            waiting: AtomicUsize::new(0),
            waited: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            would_reject: AtomicU64::new(0),
            observer: (),
        })
    }
}

impl<O> Meter<O> {
    pub(super) fn observe<P: Observer>(self, mut observer: P) -> Meter<P> {
        observer.attach(&self.id);
        Meter {
            id: self.id,
            active: self.active,
            changing: self.changing,
            made: self.made,
            waiting: self.waiting,
            waited: self.waited,
            rejected: self.rejected,
            would_reject: self.would_reject,
            observer,
        }
    }

    pub(super) fn config(&self) -> Arc<RateLimitConfig> {
        self.active.read().config.clone()
    }

    /// Takes `config` on; `for_each_word` shows the change to every word. A call in that very moment may be counted at
    /// either rate.
    pub(super) fn reconfigure(
        &self,
        config: RateLimitConfig,
        for_each_word: impl FnOnce(&dyn Fn(&Word)),
    ) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        let _one_at_a_time = self.changing.lock();
        let next = Active::new(config);
        let (before, after) = (self.pace(), next.pace);
        self.active.set(next);
        if before != after {
            let now = self.now();
            for_each_word(&|word| word.repace(now, before, after));
        }
        Ok(())
    }

    pub(super) fn stage(&self) -> Stage {
        let config = self.config();
        Stage::new(self.id.clone()).adds(if config.shadow { Duration::ZERO } else { config.max_wait })
    }

    pub(super) fn pace(&self) -> Pace {
        self.active.read().pace
    }

    pub(super) fn now(&self) -> u64 {
        nanos(self.made.elapsed())
    }

    pub(super) fn available(&self, word: &Word) -> u64 {
        word.available(self.now(), self.pace())
    }

    /// Whether each word asked about could as well be a new one.
    pub(super) fn is_fresh(&self) -> impl Fn(&Word) -> bool + use<O> {
        let now = self.now();
        move |word| word.is_fresh(now)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    pub(super) fn would_reject(&self) -> u64 {
        self.would_reject.load(Ordering::Relaxed)
    }
}

impl<O: Observer> Meter<O> {
    /// Asks leave for a call: it waits neither longer than configured nor up to its caller's deadline.
    #[inline]
    pub(super) fn decide(&self, word: &Word, attempt: Attempt) -> Decision {
        let active = self.active.read();
        let now = self.now();
        let patience = match attempt.time_left() {
            Some(left) => active.max_wait.min(nanos(left).saturating_sub(1)),
            None => active.max_wait,
        };
        match word.take(now, active.pace, patience) {
            Ok(turn) if turn.at <= now => Decision::Start,
            Ok(turn) if !active.config.shadow => {
                let wait = Duration::from_nanos(turn.at - now);
                Decision::Wait(turn, wait)
            }
            Err(wait) if !active.config.shadow => {
                self.count_rejected();
                Decision::Refuse(Duration::from_nanos(wait))
            }
            outcome => {
                if outcome.is_err() {
                    self.would_reject.fetch_add(1, Ordering::Relaxed);
                    self.observer.on(&self.id, Event::WouldReject);
                }
                Decision::Start
            }
        }
    }

    pub(super) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        self.observer.on(&self.id, Event::Rejected);
    }

    /// When a turn is, on the runtime's clock.
    pub(super) fn moment(&self, turn: &Turn) -> Instant {
        self.made + Duration::from_nanos(turn.at)
    }
}
