//! Contenders taking turns at the same work.

use crate::{report::BenchResult, work::Work};
use std::{collections::BTreeMap, time::Duration};

/// The same work by mainstay, by its peers, and by nobody (`raw`).
pub struct Contest {
    bench: &'static str,
    measure: Measure,
    allocates_nothing: bool,
    on_other_threads: bool,
    raw: Option<Work>,
    mainstay: Work,
    peers: Vec<(&'static str, Work)>,
    remark: Option<Remark>,
}

/// What is to be said of the turns once they are over.
type Remark = Box<dyn FnOnce() -> String>;

impl std::fmt::Debug for Contest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let peers: Vec<_> = self.peers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Contest").field("bench", &self.bench).field("peers", &peers).finish_non_exhaustive()
    }
}

/// What a turn is judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Nanoseconds an operation: less is better.
    Time,
    /// Operations a second, by all tasks together and in such numbers: more is better.
    Throughput(Scale),
    /// Nanoseconds that only so few operations exceed; the work tells them itself, of so many operations.
    Tail(u64),
    /// Hits in a hundred of so many operations: more is better; the work counts them itself.
    Hits(u64),
}

/// A number of operations, as the outcome of a turn whose work counts instead of taking time.
pub(crate) fn counted(operations: u64) -> Duration {
    Duration::from_nanos(operations)
}

/// In what numbers operations are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Thousands,
    Millions,
}

impl Measure {
    fn figure(self, operations: u64, took: Duration) -> f64 {
        match self {
            Self::Time => took.as_nanos() as f64 / operations as f64,
            Self::Throughput(Scale::Thousands) => operations as f64 / took.as_secs_f64() / 1e3,
            Self::Throughput(Scale::Millions) => operations as f64 / took.as_secs_f64() / 1e6,
            Self::Tail(_) => took.as_nanos() as f64,
            Self::Hits(_) => took.as_nanos() as f64 * 100.0 / operations as f64,
        }
    }

    fn best(self, figures: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::Time | Self::Tail(_) => figures.fold(f64::INFINITY, f64::min),
            Self::Throughput(_) | Self::Hits(_) => figures.fold(0.0, f64::max),
        }
    }

    /// What does not depend on the machine's mood needs few turns.
    fn rounds(self) -> usize {
        if let Self::Hits(_) = self { 3 } else { ROUNDS }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Time | Self::Tail(_) => "ns",
            Self::Throughput(Scale::Thousands) => "k/s",
            Self::Throughput(Scale::Millions) => "M/s",
            Self::Hits(_) => "%",
        }
    }
}

/// Turns each contender takes. The median of an odd number is one that was measured.
const ROUNDS: usize = 21;
/// How long a turn should last.
const TURN: Duration = Duration::from_millis(20);

impl Contest {
    pub(crate) fn new(bench: &'static str, mainstay: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self {
            bench,
            measure: Measure::Time,
            allocates_nothing: false,
            on_other_threads: false,
            raw: None,
            mainstay: Box::new(mainstay),
            peers: Vec::new(),
            remark: None,
        }
    }

    /// Judges by operations a second instead of by time an operation.
    pub(crate) fn throughput(mut self) -> Self {
        self.measure = Measure::Throughput(Scale::Millions);
        self
    }

    /// As [`throughput`](Self::throughput), for operations of which a million a second is out of reach.
    pub(crate) fn slow_throughput(mut self) -> Self {
        self.measure = Measure::Throughput(Scale::Thousands);
        self
    }

    /// Judges by a time that few of so many operations exceed, which the work measures itself and returns.
    pub(crate) fn tail_of(mut self, operations: u64) -> Self {
        self.measure = Measure::Tail(operations);
        self
    }

    /// Judges by how many in a hundred of so many operations hit, which the work returns as [`counted`].
    pub(crate) fn hits_of(mut self, operations: u64) -> Self {
        self.measure = Measure::Hits(operations);
        self
    }

    /// Has something said of the turns once they are over.
    pub(crate) fn remark(mut self, remark: impl FnOnce() -> String + 'static) -> Self {
        self.remark = Some(Box::new(remark));
        self
    }

    /// mainstay is to do the work without an allocation; [`count_allocations`](Self::count_allocations) sees to it.
    pub(crate) fn allocating_nothing(mut self) -> Self {
        self.allocates_nothing = true;
        self
    }

    /// The work is done on threads where nobody counts allocations; that of a throughput always is.
    pub(crate) fn on_other_threads(mut self) -> Self {
        self.on_other_threads = true;
        self
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

    /// The median turn of each, the turns interleaved so that all meet the same machine.
    pub fn run(mut self, area: &'static str) -> BenchResult {
        let (bench, measure, remark) = (self.bench, self.measure, self.remark.take());
        let (names, mut contenders) = self.into_contenders();
        let counts: Vec<u64> = match measure {
            Measure::Tail(operations) | Measure::Hits(operations) => vec![operations; contenders.len()],
            _ => contenders.iter_mut().map(calibrate).collect(),
        };
        let mut turns = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for _ in 0..measure.rounds() {
            for ((work, count), turns) in contenders.iter_mut().zip(&counts).zip(&mut turns) {
                turns.push(measure.figure(*count, work(*count)));
            }
        }
        let mut result = result(area, bench, measure, names.into_iter().zip(turns.into_iter().map(median)));
        result.remark = remark.map(|remark| remark());
        result
    }

    /// Allocations an operation, each contender warm; `counted` says how many its argument makes on this thread. `None`
    /// where the work is done on other threads.
    ///
    /// # Errors
    /// The result, where mainstay was to allocate nothing and did not.
    pub fn count_allocations(
        self,
        area: &'static str,
        counted: impl Fn(&mut dyn FnMut()) -> u64,
    ) -> Option<Result<BenchResult, BenchResult>> {
        if self.measure != Measure::Time || self.on_other_threads {
            return None;
        }
        let (bench, allocates_nothing) = (self.bench, self.allocates_nothing);
        let (names, contenders) = self.into_contenders();
        let figures = contenders.into_iter().map(|mut work| {
            let mut allocations = |operations| {
                counted(&mut || {
                    work(operations);
                })
            };
            allocations(FEW);
            // What a turn costs of itself falls out of the difference.
            let (few, many) = (allocations(FEW), allocations(2 * FEW));
            (many as f64 - few as f64) / FEW as f64
        });
        let mut result = result(area, bench, Measure::Time, names.into_iter().zip(figures));
        result.unit = "allocations";
        result.ratio_to_best_peer = None;
        Some(if allocates_nothing && result.mainstay != 0.0 { Err(result) } else { Ok(result) })
    }

    fn into_contenders(self) -> (Vec<&'static str>, Vec<Work>) {
        let raw = self.raw.map(|work| (RAW, work));
        std::iter::once((MAINSTAY, self.mainstay)).chain(self.peers).chain(raw).unzip()
    }
}

const MAINSTAY: &str = "mainstay";
const RAW: &str = "raw";
/// Operations over which allocations are counted.
const FEW: u64 = 1_000;

fn result(
    area: &'static str,
    bench: &'static str,
    measure: Measure,
    figures: impl Iterator<Item = (&'static str, f64)>,
) -> BenchResult {
    let mut peers: BTreeMap<_, _> = figures.collect();
    let raw = peers.remove(RAW);
    let mainstay = peers.remove(MAINSTAY).expect("mainstay is a contender");
    let best = measure.best(peers.values().copied());
    let ratio_to_best_peer = Some(mainstay / best);
    BenchResult { area, bench, mainstay, unit: measure.unit(), peers, ratio_to_best_peer, raw, remark: None }
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
        assert_eq!(result.ratio_to_best_peer, Some(1.5));
    }

    #[test]
    fn of_throughputs_more_is_better() {
        let contest = Contest::new("b", costing(10)).throughput();
        let result = contest.peer("slow", costing(100)).peer("fast", costing(50)).run("a");
        assert_eq!((result.unit, result.mainstay), ("M/s", 100.0));
        assert_eq!(result.peers, BTreeMap::from([("fast", 20.0), ("slow", 10.0)]));
        assert_eq!(result.ratio_to_best_peer, Some(5.0));
    }

    #[test]
    fn slower_operations_are_counted_in_thousands() {
        let contest = Contest::new("b", costing(10_000)).slow_throughput();
        let result = contest.peer("peer", costing(20_000)).run("a");
        assert_eq!((result.unit, result.mainstay, result.ratio_to_best_peer), ("k/s", 100.0, Some(2.0)));
    }

    #[test]
    fn of_tails_the_shortest_is_best_and_a_turn_has_as_many_operations_as_it_was_told() {
        let turn = |tail| {
            move |count| {
                assert_eq!(count, 500);
                Duration::from_nanos(tail)
            }
        };
        let contest = Contest::new("b", turn(70)).tail_of(500).remark(|| "a remark".into());
        let result = contest.peer("fast", turn(35)).peer("slow", turn(700)).run("a");
        assert_eq!((result.unit, result.mainstay, result.ratio_to_best_peer), ("ns", 70.0, Some(2.0)));
        assert_eq!(result.remark.as_deref(), Some("a remark"));
    }

    #[test]
    fn of_hit_rates_the_highest_is_best() {
        let turn = |hits| move |_| counted(hits);
        let result = Contest::new("b", turn(100)).hits_of(400).peer("less", turn(40)).peer("more", turn(200));
        let result = result.run("a");
        assert_eq!((result.unit, result.mainstay, result.peers["less"]), ("%", 25.0, 10.0));
        assert_eq!(result.ratio_to_best_peer, Some(0.5));
    }

    #[test]
    fn allocations_are_those_of_an_operation_and_not_of_a_turn() {
        let count = |peer_allocates| {
            let made = Rc::new(RefCell::new(0));
            let allocating = |a_turn, an_operation| {
                let made = Rc::clone(&made);
                move |operations| {
                    *made.borrow_mut() += a_turn + an_operation * operations;
                    Duration::from_nanos(operations)
                }
            };
            let contest = Contest::new("b", allocating(5, 0)).allocating_nothing().raw(allocating(0, 0));
            let counted = |work: &mut dyn FnMut()| {
                made.replace(0);
                work();
                *made.borrow()
            };
            contest.peer("peer", allocating(1, peer_allocates)).count_allocations("a", counted)
        };
        let result = count(7).expect("on this thread").expect("mainstay allocates nothing");
        assert_eq!((result.mainstay, result.peers["peer"], result.unit), (0.0, 7.0, "allocations"));
    }

    #[test]
    fn what_other_threads_allocate_is_not_told_as_if_it_were_counted() {
        let contest = || Contest::new("b", costing(1));
        assert!(contest().on_other_threads().count_allocations("a", |_| 0).is_none());
        assert!(contest().throughput().count_allocations("a", |_| 0).is_none());
        let counted = |work: &mut dyn FnMut()| {
            work();
            0
        };
        assert!(contest().count_allocations("a", counted).is_some());
    }

    #[test]
    fn who_was_to_allocate_nothing_and_does_is_found() {
        let counted = |work: &mut dyn FnMut()| {
            static TURN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
            work();
            1_000 * TURN.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        };
        let contest = Contest::new("b", costing(1)).allocating_nothing();
        assert_eq!(
            contest.count_allocations("a", counted).expect("on this thread").unwrap_err().mainstay,
            1.0
        );
        assert!(Contest::new("b", costing(1)).throughput().count_allocations("a", counted).is_none());
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
