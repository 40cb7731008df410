//! Every option alone, and every pair of options that may notice each other, over each choice of layers.
//!
//! A row says in steps what `docs/src/cache/options.md` promises of its options. Which pairs have no row, and why, stands
//! in `apart`: a test counts that none is forgotten.

mod alone;
mod apart;
mod lives;
mod loads;
mod old_values;
mod options;
mod origin;
mod renewals;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::time::Instant;

use self::Is::{Fresh, Nothing, Stale};
use self::Step::*;
use self::origin::{Grants, Origin, Says};
use super::world::{ALL_SHAPES, Ground, SECOND, Shape, World, pass, seconds};
use crate::{
    Format, Freshness, Hit, LoadBudget, LoadError, MemoryConfig, Region, RegionOptions, Stored, Why,
};

/// What can be set. A time to live every row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Opt {
    Soft,
    Sliding,
    Jitter,
    Negative,
    FailSafe,
    /// Eager refresh from a share of the life on.
    Eager,
    /// Eager refresh by what a load costs (XFetch).
    Cost,
    Timeouts,
    Conditional,
    Tags,
    Weight,
    Codec,
    /// Which layers are used, how long each keeps, and that another node, or a restarted one, finds what lies there.
    Layers,
    /// The load budget, the process' own or the fleet's.
    Budget,
}

const OPTIONS: [Opt; 14] = [
    Opt::Soft,
    Opt::Sliding,
    Opt::Jitter,
    Opt::Negative,
    Opt::FailSafe,
    Opt::Eager,
    Opt::Cost,
    Opt::Timeouts,
    Opt::Conditional,
    Opt::Tags,
    Opt::Weight,
    Opt::Codec,
    Opt::Layers,
    Opt::Budget,
];

/// Never called: a new field does not compile before it is listed here, with the option above that has its rows.
const _: fn(RegionOptions) = |options| {
    let RegionOptions {
        ttl: _, // every row has one
        soft_ttl: _,
        sliding: _,
        jitter: _,
        negative_ttl: _,
        fail_safe: _,
        eager_refresh: _, // Eager, Cost
        timeouts: _,
        tags: _, // as those that the source gives
        layers: _,
        schema: _, // a value of another is foreign, whatever its life
        codec: _,
    } = options;
};

/// What is drawn at random is the same in each run, and high: what jitter takes away is seen, and by what a load cost it is time.
const HIGH: u64 = 81_346;

/// What two options and more promise together.
fn pairs(shape: Shape) -> Vec<Row> {
    [lives::rows(shape), old_values::rows(shape), renewals::rows(shape), loads::rows(shape)]
        .into_iter()
        .flatten()
        .collect()
}

struct Row {
    of: &'static [Opt],
    says: &'static str,
    options: RegionOptions,
    ground: Ground,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// So many seconds, one by one.
    Pass(u64),
    /// What the source says from now on.
    Say(Says),
    /// How many seconds it takes from now on.
    Take(u64),
    /// `get_or_load_hit`.
    Load(Is),
    /// The same by a loader that borrows.
    Borrowed(Is),
    /// The same on another node, if there is a layer between them.
    There(Is),
    /// `get_many_or_load`, which does not say how fresh a value is.
    Batch(Is),
    /// `get_hit`.
    Get(Is),
    /// What memory alone has, past its time or not.
    Cached(Is),
    /// How the value is stored in each shared layer.
    Lies(Format),
    /// The last call waited so many seconds.
    Took(u64),
    /// How often the source was asked so far.
    Loads(u64),
    /// Memory is empty, as after a restart.
    Restart,
    Invalidate,
    /// Invalidates the tag that the source gives each value.
    Tag,
    /// Another key's load takes the only place of the budget for so many seconds.
    Occupy(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Fresh(u64),
    Stale(u64, Why),
    /// There is no value, and the source said so.
    Absent,
    /// A read that does not load finds nothing.
    Nothing,
    /// The loader's error.
    Fails,
    /// It took longer than the hard timeout.
    Late,
    /// The load budget is used up.
    Refused,
    /// Not modified, and nothing is there to be kept.
    Unkept,
}

impl Step {
    fn asserts(self, shape: Shape) -> bool {
        match self {
            Pass(_) | Say(_) | Take(_) | Restart | Invalidate | Tag | Occupy(_) => false,
            Load(_) | Borrowed(_) | Batch(_) | Get(_) | Cached(_) | Took(_) | Loads(_) => true,
            There(_) | Lies(_) => shape != Shape::L1,
        }
    }
}

fn row(of: &'static [Opt], says: &'static str, options: RegionOptions, steps: Vec<Step>) -> Row {
    Row { of, says, options, ground: Ground::default(), steps }
}

impl Row {
    fn budget(mut self, budget: LoadBudget) -> Self {
        self.ground.budget = Some(budget);
        self
    }

    fn fleet(mut self, loads: u32) -> Self {
        self.ground.fleet = Some(Arc::new(Grants(AtomicU32::new(loads))));
        self
    }

    fn memory(mut self, memory: MemoryConfig, weight: u32) -> Self {
        (self.ground.memory, self.ground.weight) = (memory, weight);
        self
    }

    async fn run(self, shape: Shape) {
        let world = World::on(&self.ground, shape, self.options);
        fastrand::seed(HIGH);
        let origin = Origin::new(self.of.contains(&Opt::Conditional));
        let mut took = 0;
        for (n, step) in self.steps.into_iter().enumerate() {
            let what = format!("{shape:?}, {:?}: {}: step {n}, {step:?}", self.of, self.says);
            let began = Instant::now();
            match step {
                Pass(seconds) => {
                    for _ in 0..seconds {
                        pass(SECOND).await;
                        world.settle().await;
                    }
                }
                Say(says) => origin.says(says),
                Take(seconds) => origin.takes(seconds),
                Load(is) => assert_eq!(load(&world.values, &origin).await, is, "{what}"),
                Borrowed(is) => {
                    let load = world.values.get_or_load_hit_borrowed("a", |cx| origin.clone().load(cx));
                    assert_eq!(told(load.await), is, "{what}");
                }
                There(_) if shape == Shape::L1 => {}
                There(is) => assert_eq!(load(&world.other, &origin).await, is, "{what}"),
                Batch(is) => assert_eq!(batch(&world.values, &origin).await, is, "{what}"),
                Get(is) => {
                    assert_eq!(
                        world.values.get_hit("a").await.map_or(Nothing, |hit| seen(&hit)),
                        is,
                        "{what}"
                    );
                }
                Cached(is) => {
                    assert_eq!(world.values.peek("a").map_or(Nothing, |hit| seen(&hit)), is, "{what}");
                }
                Lies(format) => {
                    let told = world.values.explain("a").await;
                    for stored in [told.l2, told.l3].into_iter().flatten() {
                        let Stored::Entry { encoding, .. } = stored else { panic!("{what}: {stored:?}") };
                        assert_eq!(encoding.format, format, "{what}");
                    }
                }
                Took(seconds) => assert_eq!(took, seconds, "{what}"),
                Loads(asked) => assert_eq!(origin.asked(), asked, "{what}"),
                Restart => world.forget_memory(),
                Invalidate => drop(world.values.invalidate("a").await),
                Tag => drop(world.cache.invalidate_tag("said").await),
                Occupy(time) => {
                    let values = world.values.clone();
                    tokio::spawn(async move {
                        let slow = async move {
                            tokio::time::sleep(seconds(time)).await;
                            Ok::<_, &'static str>(0)
                        };
                        drop(values.get_or_load("b", move |_| slow).await);
                    });
                }
            }
            if matches!(step, Load(_) | Borrowed(_) | There(_) | Batch(_) | Get(_)) {
                took = began.elapsed().as_secs();
            }
            world.settle().await;
        }
    }
}

async fn load(values: &Region<str, u64>, origin: &Origin) -> Is {
    let origin = origin.clone();
    told(values.get_or_load_hit("a", move |cx| origin.load(cx)).await)
}

async fn batch(values: &Region<str, u64>, origin: &Origin) -> Is {
    let load = values.get_many_or_load(["a"], |mut missing| {
        let load = origin.clone().load(missing.remove(0).cx);
        async move { load.await.map(|loaded| vec![loaded]) }
    });
    match load.await {
        Ok(values) => values[0].as_deref().map_or(Is::Absent, |value| Fresh(*value)),
        Err(error) => refusal(&error),
    }
}

fn told(answer: Result<Hit<u64>, LoadError<&'static str>>) -> Is {
    answer.map_or_else(|error| refusal(&error), |hit| seen(&hit))
}

fn seen(hit: &Hit<u64>) -> Is {
    match hit.freshness {
        Freshness::Fresh => Fresh(*hit.value),
        Freshness::Stale { why } => Stale(*hit.value, why),
    }
}

fn refusal(error: &LoadError<&'static str>) -> Is {
    match error {
        LoadError::Absent { .. } => Is::Absent,
        LoadError::Loader { .. } => Is::Fails,
        LoadError::TimedOut { .. } => Is::Late,
        LoadError::BudgetExhausted { .. } => Is::Refused,
        LoadError::NothingToKeep { .. } => Is::Unkept,
        other => panic!("{other}"),
    }
}

/// A row that asserts nothing over these layers does not count.
fn telling(mut rows: Vec<Row>, shape: Shape) -> Vec<Row> {
    rows.retain(|row| row.steps.iter().any(|step| step.asserts(shape)));
    rows
}

/// Each row in a task of its own, so that all that are not kept are told.
async fn keep(rows: fn(Shape) -> Vec<Row>) {
    let mut broken = 0;
    for shape in ALL_SHAPES {
        for row in rows(shape) {
            broken += u32::from(tokio::spawn(row.run(shape)).await.is_err());
        }
    }
    assert_eq!(broken, 0, "rows are told above");
}

#[tokio::test(start_paused = true)]
async fn each_option_alone_keeps_its_promise_over_each_choice_of_layers() {
    keep(alone::rows).await;
}

#[tokio::test(start_paused = true)]
async fn options_that_notice_each_other_keep_their_promises_together() {
    keep(pairs).await;
}

#[test]
fn draws_are_high() {
    fastrand::seed(HIGH);
    let draws: Vec<f64> = std::iter::repeat_with(fastrand::f64).take(30).collect();
    assert!(draws.iter().all(|draw| *draw > 0.3), "{draws:?}");
}

#[test]
fn every_option_and_every_pair_has_a_row_or_a_reason_to_have_none() {
    for shape in ALL_SHAPES {
        let alone = telling(alone::rows(shape), shape);
        assert!(alone.iter().all(|row| row.of.len() == 1), "{shape:?}");
        let alone: BTreeSet<Opt> = alone.iter().map(|row| row.of[0]).collect();
        assert_eq!(alone, BTreeSet::from(OPTIONS), "{shape:?}");
        let mut paired = BTreeSet::new();
        for row in telling(pairs(shape), shape) {
            for (n, one) in row.of.iter().enumerate() {
                paired.extend(row.of[n + 1..].iter().map(|other| (*one.min(other), *one.max(other))));
            }
        }
        for (n, one) in OPTIONS.iter().enumerate() {
            for other in &OPTIONS[n + 1..] {
                let pair = (*one, *other);
                let reason = apart::reason(pair);
                assert_ne!(paired.contains(&pair), reason.is_some(), "{shape:?}, {pair:?}: {reason:?}");
            }
        }
    }
}
