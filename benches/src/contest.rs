//! Contenders taking turns at the same work.

use crate::report::BenchResult;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Does the work so many times and says how long it took.
type Work = Box<dyn FnMut(u64) -> Duration>;

/// The same work by mainstay, by its peers, and by nobody (`raw`).
pub(crate) struct Contest {
    bench: &'static str,
    raw: Option<Work>,
    mainstay: Work,
    peers: Vec<(&'static str, Work)>,
}

/// Turns each contender takes. The median of an odd number is one that was measured.
const ROUNDS: usize = 21;
/// How long a turn should last.
const TURN: Duration = Duration::from_millis(20);

impl Contest {
    pub(crate) fn new(bench: &'static str, mainstay: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self { bench, raw: None, mainstay: Box::new(mainstay), peers: Vec::new() }
    }

    /// The bare operation, to subtract.
    pub(crate) fn raw(mut self, work: impl FnMut(u64) -> Duration + 'static) -> Self {
        self.raw = Some(Box::new(work));
        self
    }

    pub(crate) fn peer(mut self, name: &'static str, work: impl FnMut(u64) -> Duration + 'static) -> Self {
        self.peers.push((name, Box::new(work)));
        self
    }

    /// Nanoseconds an operation: the median turn of each, the turns interleaved so that all meet the same machine.
    pub(crate) fn run(self, area: &'static str) -> BenchResult {
        let mut contenders: Vec<Work> = Vec::new();
        let mut names = Vec::new();
        contenders.push(self.mainstay);
        for (name, work) in self.peers {
            names.push(name);
            contenders.push(work);
        }
        let has_raw = self.raw.is_some();
        contenders.extend(self.raw);
        let counts: Vec<u64> = contenders.iter_mut().map(calibrate).collect();
        let mut turns = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for _ in 0..ROUNDS {
            for ((work, count), turns) in contenders.iter_mut().zip(&counts).zip(&mut turns) {
                turns.push(work(*count).as_nanos() as f64 / *count as f64);
            }
        }
        let mut medians: Vec<f64> = turns.into_iter().map(median).collect();
        let raw = has_raw.then(|| medians.pop().expect("one figure a contender"));
        let mainstay = medians.remove(0);
        let peers: BTreeMap<_, _> = names.into_iter().zip(medians).collect();
        let best = peers.values().copied().fold(f64::INFINITY, f64::min);
        BenchResult {
            area,
            bench: self.bench,
            mainstay,
            unit: "ns",
            ratio_to_best_peer: mainstay / best,
            peers,
            raw,
        }
    }
}

/// How often the work must be done for a turn to last long enough, warm.
fn calibrate(work: &mut Work) -> u64 {
    let mut count = 64;
    loop {
        let took = work(count);
        if took >= TURN / 4 {
            let scale = TURN.as_secs_f64() / took.as_secs_f64();
            return ((count as f64 * scale) as u64).max(1);
        }
        count *= 4;
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Times an operation on this thread.
pub(crate) fn on_thread<S>(mut state: S, mut operation: impl FnMut(&mut S)) -> impl FnMut(u64) -> Duration {
    move |count| {
        let began = Instant::now();
        for _ in 0..count {
            operation(&mut state);
        }
        began.elapsed()
    }
}

/// Times an async operation on a current-thread runtime kept for the purpose.
pub(crate) fn on_runtime<S, F>(state: S, operation: F) -> impl FnMut(u64) -> Duration
where
    F: AsyncFn(&mut S, u64),
{
    made_on_runtime(async || state, operation)
}

/// [`on_runtime`] for a state that needs the runtime to come about.
pub(crate) fn made_on_runtime<S, F>(
    make: impl AsyncFnOnce() -> S,
    operation: F,
) -> impl FnMut(u64) -> Duration
where
    F: AsyncFn(&mut S, u64),
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut state = runtime.block_on(make());
    move |count| {
        // A turn is one long poll: unconstrained, or whoever uses tokio's semaphores pays for yields a short task never makes.
        runtime.block_on(tokio::task::unconstrained(async {
            let began = Instant::now();
            for i in 0..count {
                operation(&mut state, i).await;
            }
            began.elapsed()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, rc::Rc};

    /// Work that says how long it took without taking it.
    fn costing(nanos: u64) -> impl FnMut(u64) -> Duration {
        move |count| Duration::from_nanos(nanos * count)
    }

    #[test]
    fn the_ratio_is_to_the_best_peer_and_raw_is_none() {
        let contest = Contest::new("b", costing(30)).raw(costing(5));
        let result = contest.peer("slow", costing(60)).peer("fast", costing(20)).run("a");
        assert_eq!((result.area, result.bench, result.unit), ("a", "b", "ns"));
        assert_eq!((result.mainstay, result.raw), (30.0, Some(5.0)));
        assert_eq!(result.peers, BTreeMap::from([("fast", 20.0), ("slow", 60.0)]));
        assert_eq!(result.ratio_to_best_peer, 1.5);
    }

    #[test]
    fn contenders_take_turns() {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let noting = |name| {
            let (turns, mut work) = (Rc::clone(&turns), costing(1_000_000));
            move |count| {
                turns.borrow_mut().push(name);
                work(count)
            }
        };
        Contest::new("b", noting("mainstay")).raw(noting("raw")).peer("peer", noting("peer")).run("a");
        let turns = turns.borrow();
        let measured = &turns[turns.len() - 3 * ROUNDS..];
        assert!(measured.chunks(3).all(|round| round == ["mainstay", "peer", "raw"]), "{measured:?}");
    }

    #[test]
    fn a_turn_lasts_as_long_as_it_should() {
        let mut work: Work = Box::new(costing(10));
        assert_eq!(calibrate(&mut work), 2_000_000);
        let mut slow: Work = Box::new(costing(100_000_000));
        assert_eq!(calibrate(&mut slow), 1);
    }

    #[test]
    fn one_disturbed_turn_does_not_move_the_median() {
        assert_eq!(median(vec![3.0, 1_000.0, 1.0]), 3.0);
    }
}
