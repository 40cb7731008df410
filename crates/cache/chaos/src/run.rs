use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::driver::{Driver, Underway};
use crate::fault::Fault;
use crate::judge::{Due, Judge, Read, Wrong};
use crate::node::{Handle, NODES, Node};
use crate::plan::Plan;
use crate::report::Report;
use crate::servers::Servers;
use crate::source::{Family, Source};
use crate::worker::{Counts, Load, Worker, World};

/// Before the first fault, in bounds.
const WARM_UP: u32 = 5;
/// Between two looks at the source and all caches at rest.
const FAULTS_BETWEEN_RESTS: usize = 12;
/// How long a node may take to come to terms with Redis after everything was healed.
const TO_SETTLE: Duration = Duration::from_secs(20);

/// Runs a plan against servers of its own.
///
/// # Errors
/// A server or a node cannot be started, or servers do not come to what is awaited of them. What the caches do wrong is in the report.
pub fn run(plan: &Plan) -> Result<Report, Box<dyn Error>> {
    let mut rng = Rng::with_seed(plan.seed);
    if plan.faults.is_empty() {
        return Err(format!("none of the faults that are asked for can befall {}", plan.servers).into());
    }
    let (servers, persistent) = plan.servers.start(&mut rng)?;
    let nodes: Vec<Node> =
        (0..NODES).map(|number| Node::start(number, &*servers, plan)).collect::<Result<_, _>>()?;
    let world = Arc::new(World {
        source: Source::new(),
        judge: Judge::new(plan.bound),
        bound: plan.bound,
        counts: Counts::default(),
        over: AtomicBool::new(false),
        at_rest: tokio::sync::RwLock::default(),
    });
    let began = Instant::now();
    let mut tasks = Vec::new();
    for node in &nodes {
        for _ in 0..plan.workers {
            let worker = Worker { node: node.handle.clone(), world: world.clone(), rng: rng.fork() };
            tasks.push(node.runtime.spawn(worker.work()));
        }
        tasks.push(node.runtime.spawn(watch_debts(node.handle.clone(), world.clone())));
    }

    let mut faults: BTreeMap<Fault, u64> = BTreeMap::new();
    let (mut since_rest, mut rests) = (0, 0);
    let mut resting_rng = rng.fork();
    let mut driver = Driver::new(&*servers, plan.faults.clone(), plan.bound, rng);
    let enough = |faults: &BTreeMap<Fault, u64>| {
        let operations = world.counts.operations.load(Ordering::Relaxed);
        operations >= plan.operations
            && faults.values().sum::<u64>() >= plan.at_least_faults
            && began.elapsed() >= plan.at_least
    };
    // What is lost with an empty Redis is nothing.
    thread::sleep(WARM_UP * plan.bound);
    while !enough(&faults) && (plan.mutant.is_none() || world.judge.found() == 0) {
        let (drawn, long) = driver.draw();
        *world.judge.weather.lock() = format!("{drawn:?} from {} us", world.source.now());
        let mut underway = Vec::new();
        for (fault, node) in &drawn {
            let begun = driver.begin(*fault, *node);
            let begun = begun.map_err(|error| format!("beginning {drawn:?}: {error}"))?;
            if !matches!(begun, Underway::Missed) {
                *faults.entry(*fault).or_default() += 1;
            }
            underway.push(begun);
        }
        thread::sleep(long);
        for one in underway {
            if !driver.heal(one).map_err(|error| format!("healing {drawn:?}: {error}"))? {
                world.judge.report(Wrong::Unsettled, format!("no node began anew after {drawn:?}"));
            }
        }
        driver.note_epoch();
        world.judge.weather.lock().push_str(&format!(" healed at {} us", world.source.now()));
        since_rest += drawn.len();
        if since_rest >= FAULTS_BETWEEN_RESTS {
            look_at_rest(&nodes, &world, &*servers, plan)?;
            (since_rest, rests) = (0, rests + 1);
        } else {
            let bound = u64::try_from(plan.bound.as_millis()).unwrap_or(u64::MAX);
            thread::sleep(Duration::from_millis(resting_rng.u64(..2 * bound)));
        }
    }
    look_at_rest(&nodes, &world, &*servers, plan)?;
    rests += 1;
    world.over.store(true, Ordering::Relaxed);
    let deadline = tokio::time::Instant::now() + TO_SETTLE;
    for task in tasks {
        match nodes[0].runtime.block_on(async { tokio::time::timeout_at(deadline, task).await }) {
            // A panic in a worker is one of the run's.
            Ok(ended) => ended?,
            Err(_) => world.judge.report(Wrong::Stuck, "a reader or writer has not ended".to_owned()),
        }
    }
    Ok(Report::new(plan, persistent, began.elapsed(), faults, driver.tally, rests, &world))
}

/// Everything healed and nobody writing: two bounds later every node gives the newest of every key.
fn look_at_rest(
    nodes: &[Node],
    world: &Arc<World>,
    servers: &dyn Servers,
    plan: &Plan,
) -> Result<(), Box<dyn Error>> {
    let resting = async { tokio::time::timeout(TO_SETTLE, world.at_rest.write()).await };
    let Ok(at_rest) = nodes[0].runtime.block_on(resting) else {
        world.judge.report(Wrong::Stuck, "a writer has not ended".to_owned());
        return Ok(());
    };
    // Memory hides what lies in Redis: one that has nothing yet looks there first.
    let newcomer = Node::start(0, servers, plan)?;
    let began = Instant::now();
    thread::sleep(2 * world.bound);
    for node in nodes {
        while node.handle.cache.coherence().suspect || node.handle.cache.coherence().owed_invalidations > 0 {
            if began.elapsed() > TO_SETTLE {
                let story = format!("node {}: {:?}", node.handle.number, node.handle.cache.coherence());
                world.judge.report(Wrong::Unsettled, story);
                break;
            }
            // What is owed is told before the next read.
            node.runtime.block_on(node.handle.facts.get("nothing"));
            thread::sleep(Duration::from_millis(5));
        }
    }
    // What was owed until now binds the others from now on.
    thread::sleep(2 * world.bound);
    for node in [&newcomer].into_iter().chain(nodes) {
        let (handle, world) = (node.handle.clone(), world.clone());
        node.runtime.block_on(async {
            for at in 0..world.source.truths.len() {
                look(&handle, &world, at).await;
            }
        });
    }
    drop(at_rest);
    Ok(())
}

async fn look(node: &Handle, world: &Arc<World>, at: usize) {
    let truth = &world.source.truths[at];
    let load = Load { at, before: Duration::ZERO, after: Duration::ZERO, life: None, fails: false };
    let reading = node.facts.get_or_load_hit(&truth.key, {
        let world = world.clone();
        move |cx| async move { load.run(&world.source, &cx).await }
    });
    let hit = match reading.await {
        Ok(hit) => hit,
        Err(error) => {
            world.judge.report(Wrong::Unsettled, format!("{} on node {}: {error}", truth.key, node.number));
            return;
        }
    };
    let newest = truth.version();
    if hit.value.version != newest {
        let story = format!(
            "{} on node {} from {:?} is version {} and the newest is {newest}; acknowledged {:?}; weather: {}",
            truth.key,
            node.number,
            hit.source,
            hit.value.version,
            truth.ledger.lock().tail(),
            world.judge.weather.lock(),
        );
        world.judge.report(Wrong::StaleForGood, story);
    }
    let due = Due::now(&world.source, truth, node.number);
    let read = Read { how: &"at rest", node: node.number, truth, due, fact: &hit.value, marked: false };
    world.judge.judge(&world.source, &read);
}

/// Notes when a node owes nothing, which ends the doubts about what it has set.
async fn watch_debts(node: Arc<Handle>, world: Arc<World>) {
    while !world.over.load(Ordering::Relaxed) {
        let asked = world.source.now();
        if node.cache.coherence().owed_invalidations == 0 && !node.cache.coherence().suspect {
            let now = world.source.now();
            for truth in world.source.truths.iter().filter(|truth| truth.family == Family::Set) {
                truth.ledger.lock().settled(node.number, asked, now);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
