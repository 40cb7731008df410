use std::fmt;
use std::time::Duration;

/// What became of the callers, and how many connections that took.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Callers who got their answer.
    pub served: u64,
    /// Callers who gave up waiting.
    pub gave_up: u64,
    /// Half of the answers came within as long, waiting included.
    pub p50: Duration,
    /// 99 of a hundred answers came within as long.
    pub p99: Duration,
    /// Connections on average over time.
    pub mean_size: f64,
    /// The most connections.
    pub peak_size: usize,
    /// Connections at the end.
    pub last_size: usize,
    /// How long after the burst answers were as fast as before it, for good; `None` if they never were, or if there was none.
    pub recovery: Option<Duration>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, gave_up, p50, p99, mean_size, peak_size, last_size, recovery } = self;
        write!(
            f,
            "{served} served, {gave_up} gave up, p50 {} ms, p99 {} ms, {mean_size:.1} connections on average, {peak_size} at most, \
             {last_size} at the end, ",
            p50.as_millis(),
            p99.as_millis()
        )?;
        match recovery {
            Some(recovery) => write!(f, "recovered in {} s", recovery.as_secs()),
            None => write!(f, "not recovered"),
        }
    }
}

/// Answers, second by second.
pub(super) struct Answers {
    /// Of every answer, in microseconds.
    all: Vec<u64>,
    /// Total and count by the second in which the answer came.
    seconds: Vec<(f64, u64)>,
    gave_up: Vec<u64>,
}

impl Answers {
    pub(super) fn new(length: Duration) -> Self {
        let seconds = usize::try_from(length.as_secs()).expect("a simulation's seconds fit into memory") + 1;
        Self { all: Vec::new(), seconds: vec![(0.0, 0); seconds], gave_up: vec![0; seconds] }
    }

    pub(super) fn answered(&mut self, now: f64, took: f64) {
        self.all.push((took * 1e6) as u64);
        let second = &mut self.seconds[now as usize];
        second.0 += took;
        second.1 += 1;
    }

    pub(super) fn gave_up(&mut self, now: f64) {
        self.gave_up[now as usize] += 1;
    }

    pub(super) fn served(&self) -> u64 {
        self.all.len() as u64
    }

    pub(super) fn lost(&self) -> u64 {
        self.gave_up.iter().sum()
    }

    pub(super) fn percentiles(&mut self) -> (Duration, Duration) {
        self.all.sort_unstable();
        let at = |share: f64| {
            let place = (self.all.len() as f64 * share) as usize;
            Duration::from_micros(self.all.get(place).copied().unwrap_or_default())
        };
        (at(0.5), at(0.99))
    }

    /// How long after `burst_end` the last second was that was worse than twice the mean of the ten seconds before `burst_at`.
    pub(super) fn recovery(&self, burst_at: Duration, burst_end: Duration) -> Option<Duration> {
        let second = |at: Duration| usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        let (begin, end) = (second(burst_at), second(burst_end));
        let before = self.seconds.get(begin.saturating_sub(10)..begin)?;
        let (total, count) = before.iter().fold((0.0, 0), |(total, count), (t, c)| (total + t, count + c));
        let bound = 2.0 * total / count as f64;
        let is_bad = |at: usize| {
            let (total, count) = self.seconds[at];
            self.gave_up[at] > 0 || count == 0 || total / count as f64 > bound
        };
        // The last entry is the instant after the end.
        let last = self.seconds.len() - 2;
        let worst = (end..=last).rev().find(|at| is_bad(*at));
        match worst {
            Some(at) if at == last => None,
            Some(at) => Some(Duration::from_secs((at + 1 - end) as u64)),
            None => Some(Duration::ZERO),
        }
    }
}
