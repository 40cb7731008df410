use super::Schedule;
use super::call::{Outcome, Verdict, Witness};
use super::driver::drive;
use crate::domain::Service;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep};

/// A call answered rightly within this is in time.
const IN_TIME: Duration = Duration::from_millis(400);
/// The share of calls that may come late, fail or go unanswered: so p99 ≤ 400 ms and success ≥ 99 %.
const MAY_MISS: f64 = 0.01;
/// Over so short a trial a backlog may grow without anyone being late yet; this much growth is no growth.
const DRIFT: (f64, f64) = (0.03, 4.0);
/// Between two trials, so that the calls cancelled by one do not weigh on the next.
const SETTLE: Duration = Duration::from_millis(200);
/// While the rate is still being multiplied up, a shorter trial will do.
const BRIEF: Length = Length { warm_up: Duration::from_millis(300), measured: Duration::from_millis(900) };
const FULL: Length = Length { warm_up: Duration::from_millis(500), measured: Duration::from_millis(2500) };
const GROWTH: f64 = 3.0;
/// How near the highest rate held and the lowest rate failed must come.
const CLOSE: f64 = 1.05;

#[derive(Clone, Copy)]
struct Length {
    warm_up: Duration,
    measured: Duration,
}

/// The highest rate a side was seen to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Calls a second with p99 ≤ 400 ms, success ≥ 99 % and no growing backlog; 0 if no trial held.
    pub rate: f64,
    pub trials: Vec<Trial>,
}

/// One rate tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Calls a second offered.
    pub rate: f64,
    pub held: bool,
    /// The share of measured calls known not to have been answered rightly within 400 ms.
    pub missed: f64,
    /// Right answers a second while measured.
    pub answered_per_s: f64,
    /// Ended before its time, as it could not hold any more.
    pub aborted: bool,
}

/// Finds the highest rate that `service` holds, from `first` up or down, in about `budget`.
///
/// The rate triples until a trial fails, then the bracket is narrowed, first at the throughput the failed trial
/// reached, then at its geometric middle. `plan` makes a trial's schedule from its rate and length.
///
/// # Cancel safety
///
/// Dropping the future cancels every call under way.
pub async fn capacity<S: Service>(
    service: &Arc<S>,
    mut plan: impl FnMut(f64, Duration) -> Schedule,
    first: f64,
    budget: Duration,
    mut on_trial: impl FnMut(&Trial),
) -> Capacity {
    let start = Instant::now();
    let mut bracket = Bracket::default();
    let mut trials = Vec::new();
    while let Some((rate, length)) = bracket.next(first) {
        let needs = length.warm_up + length.measured + SETTLE;
        if !trials.is_empty() && start.elapsed() + needs > budget {
            break;
        }
        let schedule = Arc::new(plan(rate, length.warm_up + length.measured));
        let trial = attempt(service, &schedule, length).await;
        on_trial(&trial);
        bracket.learn(&trial, length.measured == FULL.measured);
        trials.push(trial);
        sleep(SETTLE).await;
    }
    Capacity { rate: bracket.held.map_or(0.0, |held| held.rate), trials }
}

/// What the trials so far leave open.
#[derive(Default)]
struct Bracket {
    held: Option<Held>,
    /// The lowest rate that failed.
    failed: Option<f64>,
    /// Throughput of the last failure, until it has been tried.
    hint: Option<f64>,
}

struct Held {
    rate: f64,
    /// By a trial of full length.
    confirmed: bool,
}

impl Bracket {
    fn next(&self, first: f64) -> Option<(f64, Length)> {
        let Some(failed) = self.failed else {
            return Some((self.held.as_ref().map_or(first, |held| held.rate * GROWTH), BRIEF));
        };
        let Some(held) = &self.held else {
            // Not one call in two seconds: there is nothing to hold.
            let lower = self.hint.unwrap_or(0.0).clamp(failed / 10.0, failed * 0.8);
            return (failed > 0.5).then_some((lower, FULL));
        };
        if failed / held.rate <= CLOSE {
            return (!held.confirmed).then_some((held.rate, FULL));
        }
        let inside = held.rate * CLOSE.sqrt()..failed / CLOSE.sqrt();
        let rate = self.hint.filter(|hint| inside.contains(hint)).unwrap_or((held.rate * failed).sqrt());
        Some((rate, FULL))
    }

    fn learn(&mut self, trial: &Trial, confirmed: bool) {
        self.hint = None;
        if trial.held {
            self.held = Some(Held { rate: trial.rate, confirmed });
        } else {
            self.failed = Some(trial.rate);
            self.hint = Some(trial.answered_per_s);
            // A brief trial may have held what a full one does not.
            if self.held.as_ref().is_some_and(|held| held.rate >= trial.rate) {
                self.held = None;
            }
        }
    }
}

async fn attempt<S: Service>(service: &Arc<S>, schedule: &Arc<Schedule>, length: Length) -> Trial {
    let board = Arc::new(Board::new(schedule, length));
    let start = Instant::now();
    let aborted = tokio::select! {
        () = drive(service, schedule, &board) => false,
        () = board.until_decided(start) => true,
    };
    board.judge(schedule.rate, start.elapsed(), aborted)
}

/// Which of a trial's calls have been answered in time.
struct Board {
    length: Length,
    /// When each call is due.
    due: Vec<Duration>,
    /// The first call after the warm-up.
    first: usize,
    answers: Mutex<Answers>,
}

struct Answers {
    in_time: Vec<bool>,
    /// Right ones that came between warm-up and end, whenever they had been asked for.
    while_measured: u64,
}

impl Board {
    fn new(schedule: &Schedule, length: Length) -> Self {
        let due: Vec<Duration> = schedule.arrivals.iter().map(|arrival| arrival.at).collect();
        let first = due.partition_point(|at| *at < length.warm_up);
        let answers = Mutex::new(Answers { in_time: vec![false; due.len()], while_measured: 0 });
        Self { length, due, first, answers }
    }

    fn measured(&self) -> usize {
        self.due.len() - self.first
    }

    /// Measured calls that by now can only be late, failed or unanswered.
    fn missed(&self, now: Duration) -> usize {
        let past = self.due.partition_point(|at| *at + IN_TIME <= now).max(self.first);
        self.answers.lock().in_time[self.first..past].iter().filter(|in_time| !**in_time).count()
    }

    fn allowed(&self) -> usize {
        // Of a few dozen calls one may still miss: it is no more than chance. Of a handful it is a trend.
        let chance = usize::from(self.measured() >= 20);
        ((self.measured() as f64 * MAY_MISS) as usize).max(chance)
    }

    /// Until more calls have missed than may, or the last has had its time.
    async fn until_decided(&self, start: Instant) {
        let mut looks = interval(Duration::from_millis(50));
        let end = self.length.warm_up + self.length.measured + IN_TIME;
        loop {
            looks.tick().await;
            if start.elapsed() > end || self.missed(start.elapsed()) > self.allowed() {
                return;
            }
        }
    }

    fn judge(&self, rate: f64, took: Duration, cut: bool) -> Trial {
        let decided_at = if cut { took } else { Duration::MAX / 2 };
        let missed = self.missed(decided_at);
        let answered = self.answers.lock().while_measured as f64;
        let span = took.saturating_sub(self.length.warm_up).min(self.length.measured).as_secs_f64();
        let asked = self.measured() as f64;
        let kept_up = answered >= asked * (1.0 - DRIFT.0) - DRIFT.1;
        Trial {
            rate,
            held: self.measured() > 0 && missed <= self.allowed() && kept_up,
            missed: missed as f64 / asked.max(1.0),
            answered_per_s: if span > 0.0 { answered / span } else { 0.0 },
            aborted: took < self.length.warm_up + self.length.measured && missed > self.allowed(),
        }
    }
}

impl Witness for Board {
    fn saw(&self, outcome: &Outcome) {
        let right = matches!(outcome.verdict, Verdict::Right { .. });
        if !right {
            return;
        }
        let mut answers = self.answers.lock();
        answers.in_time[outcome.index] = outcome.latency <= IN_TIME;
        let from = self.length.warm_up;
        answers.while_measured += u64::from((from..from + self.length.measured).contains(&outcome.ended));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, Wanted};
    use super::super::{Plan, Schedule};
    use super::*;

    fn plan(rate: f64, span: Duration) -> Schedule {
        Plan { seed: 42, ..Plan::default() }.schedule(rate, span, &mut Wanted::seeded(42))
    }

    async fn search(fake: Fake, first: f64, budget: Duration) -> Capacity {
        capacity(&Arc::new(fake), plan, first, budget, |_| {}).await
    }

    #[tokio::test(start_paused = true)]
    async fn finds_a_known_capacity_within_ten_percent() {
        // So many servers of 20 ms each: 50 calls a second a server.
        for (servers, known) in [(4, 200.0), (20, 1000.0), (60, 3000.0)] {
            let found =
                search(Fake::queueing(servers, Duration::from_millis(20)), 50.0, Duration::from_secs(20))
                    .await;
            let error = (found.rate / known - 1.0).abs();
            assert!(error <= 0.1, "{} for {known}: {:#?}", found.rate, found.trials);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn finds_a_capacity_below_where_it_starts() {
        let found =
            search(Fake::queueing(1, Duration::from_millis(50)), 400.0, Duration::from_secs(30)).await;
        assert!((found.rate / 20.0 - 1.0).abs() <= 0.25, "{}: {:#?}", found.rate, found.trials);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_always_too_slow_or_always_failing_holds_nothing() {
        for fake in [Fake::queueing(10_000, Duration::from_millis(500)), Fake::failing()] {
            assert_eq!(search(fake, 50.0, Duration::from_secs(60)).await.rate, 0.0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hopeless_trial_ends_early() {
        let start = Instant::now();
        let schedule = Arc::new(plan(2000.0, FULL.warm_up + FULL.measured));
        let fake = Arc::new(Fake::queueing(4, Duration::from_millis(20)));
        let trial = attempt(&fake, &schedule, FULL).await;
        assert!(trial.aborted && !trial.held, "{trial:?}");
        assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
        assert!((trial.answered_per_s / 200.0 - 1.0).abs() < 0.1, "{trial:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_search_keeps_to_its_budget() {
        let start = Instant::now();
        let budget = Duration::from_secs(9);
        search(Fake::queueing(20, Duration::from_millis(20)), 50.0, budget).await;
        assert!(start.elapsed() <= budget + IN_TIME + SETTLE, "{:?}", start.elapsed());
    }
}
