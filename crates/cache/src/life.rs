use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::entry::{Entry, Why};
use crate::options::{EagerRefresh, RegionOptions};

/// XFetch draws from `-ln(u)`, which is above this once in a hundred million reads: earlier than that nothing is drawn.
const LONGEST_DRAW: f64 = 18.5;

/// The stages of an entry that does not simply end at its deadline.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) fresh_until: Instant,
    /// Served while it is loaded anew, until then.
    pub(crate) hard_until: Instant,
    /// Kept for fail-safe until then.
    pub(crate) kept_until: Instant,
    /// Where memory's stay is capped: from then on the layers below are asked.
    pub(crate) below_from: Option<Instant>,
    pub(crate) fresh_until_ms: u64,
    pub(crate) hard_until_ms: u64,
    pub(crate) load_cost: Duration,
    pub(crate) etag: Box<str>,
    eager: Option<Eager>,
    sliding: Option<Sliding>,
    attempt: Mutex<Attempt>,
}

#[derive(Debug, Clone, Copy)]
enum Eager {
    From(Instant),
    /// Beta times what the load took.
    Drawn(Duration),
}

/// Alive while it is read.
#[derive(Debug)]
struct Sliding {
    idle: Duration,
    began: Instant,
    /// Microseconds from `began` to the last read.
    read: AtomicU64,
    /// The same, to the last time the shared layers were told.
    told: AtomicU64,
}

/// The load that is to replace the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    None,
    UnderWay,
    Failed { again: Instant, why: Why },
}

/// What an entry is good for at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Fresh,
    /// Fresh, and time to load it anew.
    Due,
    /// Past its soft time to live: served while it is loaded anew.
    Stale,
    /// Not to be served but by fail-safe.
    Reserve,
    Dead,
}

/// How long an entry lives, from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) fresh: Duration,
    pub(crate) hard: Duration,
    pub(crate) kept: Duration,
}

impl Terms {
    /// Of an entry kept now: where the time to live follows a name, it is looked up here, once. One that the loader says scales
    /// the soft one with it.
    pub(crate) fn of(options: &RegionOptions, said: Option<Duration>, absent: bool) -> Self {
        let short = if options.jitter > 0.0 { 1.0 - options.jitter * fastrand::f64() } else { 1.0 };
        let ttl = options.ttl.ttl();
        let whole = match (said, absent) {
            (Some(said), _) => said.min(crate::ttl::LONGEST),
            (None, true) => options.negative_ttl.unwrap_or_default(),
            (None, false) => ttl,
        };
        let hard = if options.jitter > 0.0 { whole.mul_f64(short) } else { whole };
        if absent || hard.is_zero() {
            return Self { fresh: hard, hard, kept: hard };
        }
        let fresh = options.soft_ttl.map_or(hard, |soft| scaled(soft, hard, ttl).min(hard));
        let kept = options.fail_safe.as_ref().map_or(hard, |fail_safe| hard.max(fail_safe.max_age));
        Self { fresh, hard, kept }
    }

    /// Of an entry that lay in a shared layer: as it was kept, whatever the options say by now. Only whether something is
    /// left for fail-safe is for the reader to say.
    pub(crate) fn read_by(self, options: &RegionOptions) -> Self {
        let hard = self.hard.min(self.kept);
        let kept =
            options.fail_safe.as_ref().map_or(hard, |fail_safe| hard.max(fail_safe.max_age)).min(self.kept);
        Self { fresh: self.fresh, hard, kept }
    }
}

/// `time * by / of`, exactly `time` for `by == of`.
fn scaled(time: Duration, by: Duration, of: Duration) -> Duration {
    if by == of { time } else { time.mul_f64(by.as_secs_f64() / of.as_secs_f64()) }
}

/// What decides an entry's stages.
pub(crate) struct Course<'a> {
    pub(crate) options: &'a RegionOptions,
    pub(crate) terms: Terms,
    pub(crate) created_ms: u64,
    /// Time lived already.
    pub(crate) age: Duration,
    pub(crate) absent: bool,
    pub(crate) load_cost: Duration,
    pub(crate) etag: Box<str>,
}

impl Course<'_> {
    /// The moment until which nothing is to be done, and what is after it.
    pub(crate) fn begin(self, now: Instant) -> (Instant, Option<Box<Life>>) {
        let Self { options, terms, .. } = &self;
        let at = |time: Duration| now + time.saturating_sub(self.age);
        let (fresh_until, hard_until, kept_until) = (at(terms.fresh), at(terms.hard), at(terms.kept));
        let below_from = options.layers.l1_ttl.map(|cap| now + cap).filter(|cap| *cap < kept_until);
        let eager = match options.eager_refresh {
            _ if self.absent => None,
            EagerRefresh::Off => None,
            EagerRefresh::At(share) => Some(Eager::From(at(terms.fresh.mul_f64(share)))),
            EagerRefresh::ByCost(beta) => Some(Eager::Drawn(self.load_cost.mul_f64(beta))),
        };
        let sliding = options.sliding.filter(|_| !self.absent);
        let busy_from = match (eager, sliding) {
            (_, Some(_)) => now,
            (Some(Eager::From(from)), _) => from,
            (Some(Eager::Drawn(cost)), _) => {
                let longest = cost.mul_f64(LONGEST_DRAW);
                if longest < fresh_until.saturating_duration_since(now) { fresh_until - longest } else { now }
            }
            (None, None) => fresh_until,
        };
        let deadline = below_from.map_or(busy_from, |cap| busy_from.min(cap));
        let simple = terms.fresh == terms.kept
            && eager.is_none()
            && sliding.is_none()
            && self.etag.is_empty()
            && self.load_cost.is_zero();
        if simple {
            return (deadline, None);
        }
        let until_ms = |time: Duration| {
            self.created_ms.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        };
        let life = Life {
            fresh_until,
            hard_until,
            kept_until,
            below_from,
            fresh_until_ms: until_ms(terms.fresh),
            hard_until_ms: until_ms(terms.hard),
            load_cost: self.load_cost,
            etag: self.etag,
            eager,
            sliding: sliding.map(|idle| Sliding {
                idle,
                began: now,
                read: AtomicU64::new(0),
                told: AtomicU64::new(0),
            }),
            attempt: Mutex::new(Attempt::None),
        };
        (deadline, Some(Box::new(life)))
    }
}

impl Entry {
    pub(crate) fn stage(&self, now: Instant) -> Stage {
        match &self.life {
            Some(life) => life.stage(now),
            None if now < self.deadline => Stage::Fresh,
            None => Stage::Dead,
        }
    }

    /// When the shared layers' copy stops being fresh.
    pub(crate) fn fresh_until_ms(&self) -> u64 {
        self.life.as_ref().map_or(self.expires_ms, |life| life.fresh_until_ms)
    }

    /// When the shared layers' copy is good for fail-safe alone.
    pub(crate) fn hard_until_ms(&self) -> u64 {
        self.life.as_ref().map_or(self.expires_ms, |life| life.hard_until_ms)
    }

    /// A read: what slides slides on.
    pub(crate) fn touch(&self, now: Instant) {
        if let Some(sliding) = self.life.as_ref().and_then(|life| life.sliding.as_ref()) {
            sliding.read.fetch_max(sliding.micros(now), Ordering::Relaxed);
        }
    }

    /// Whether the shared layers should hear that it is still read; true for one caller at a time.
    pub(crate) fn tell_below(&self, now: Instant, at_once: bool) -> bool {
        let Some(sliding) = self.life.as_ref().and_then(|life| life.sliding.as_ref()) else { return false };
        let (now, told) = (sliding.micros(now), sliding.told.load(Ordering::Relaxed));
        let due = at_once || u128::from(now - told.min(now)) >= sliding.idle.as_micros() / 2;
        due && sliding.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Time without a read after which it dies.
    pub(crate) fn idle(&self) -> Option<Duration> {
        self.life.as_ref()?.sliding.as_ref().map(|sliding| sliding.idle)
    }

    /// Why no load is to be tried now, if one failed lately.
    pub(crate) fn held_off(&self, now: Instant) -> Option<Why> {
        match *self.life.as_ref()?.attempt.lock() {
            Attempt::Failed { again, why } if now < again => Some(why),
            _ => None,
        }
    }

    pub(crate) fn hold_off(&self, until: Instant, why: Why) {
        if let Some(life) = &self.life {
            *life.attempt.lock() = Attempt::Failed { again: until, why };
        }
    }

    /// Claims the one load that replaces it, if it is time for one.
    pub(crate) fn claim_refresh(&self, stage: Stage, now: Instant) -> bool {
        let (Some(life), Stage::Due | Stage::Stale) = (&self.life, stage) else { return false };
        let mut attempt = life.attempt.lock();
        match *attempt {
            Attempt::UnderWay => false,
            Attempt::Failed { again, .. } if now < again => false,
            Attempt::None | Attempt::Failed { .. } => {
                *attempt = Attempt::UnderWay;
                true
            }
        }
    }

    /// Whoever comes may try again, unless the load failed and said for how long not.
    pub(crate) fn release_refresh(&self) {
        if let Some(life) = &self.life {
            let mut attempt = life.attempt.lock();
            if *attempt == Attempt::UnderWay {
                *attempt = Attempt::None;
            }
        }
    }
}

impl Life {
    fn stage(&self, now: Instant) -> Stage {
        if self.sliding.as_ref().is_some_and(|sliding| sliding.is_over(now)) || now >= self.kept_until {
            return Stage::Dead;
        }
        if now >= self.hard_until || self.below_from.is_some_and(|from| now >= from) {
            return Stage::Reserve;
        }
        if now >= self.fresh_until {
            return Stage::Stale;
        }
        let due = match self.eager {
            None => false,
            Some(Eager::From(from)) => now >= from,
            // `u` is above 0: its logarithm is finite.
            Some(Eager::Drawn(cost)) => {
                let early = cost.mul_f64(-(1.0 - fastrand::f64()).ln());
                self.fresh_until.saturating_duration_since(now) <= early
            }
        };
        if due { Stage::Due } else { Stage::Fresh }
    }
}

impl Sliding {
    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn is_over(&self, now: Instant) -> bool {
        let idle = self.micros(now).saturating_sub(self.read.load(Ordering::Relaxed));
        u128::from(idle) >= self.idle.as_micros()
    }
}
