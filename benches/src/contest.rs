//! Contenders taking turns at the same work.

use crate::report::BenchResult;
use std::{
    collections::BTreeMap,
    future::{Ready, ready},
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

/// Times an async operation, so many calls in a row, on a current-thread runtime kept for the purpose, on which `setup`
/// has made what it works with.
pub(crate) fn on_runtime<S, Made, F>(
    setup: impl FnOnce() -> Made,
    operation: F,
) -> impl FnMut(u64) -> Duration
where
    Made: Future<Output = S>,
    F: AsyncFn(&mut S, u64),
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut state = {
        let _entered = runtime.enter();
        let made = setup();
        runtime.block_on(made)
    };
    move |count| {
        runtime.block_on(async {
            let began = Instant::now();
            for i in 0..count {
                operation(&mut state, i).await;
            }
            began.elapsed()
        })
    }
}

/// A setup that needs no runtime.
pub(crate) fn ready_made<S>(state: S) -> impl FnOnce() -> Ready<S> {
    move || ready(state)
}
