//! The running code follows the model of the protocol (`mainstay-cache-model`), step by step.
//!
//! A trace is taken in the model and really at once: two nodes, each a whole cache over the real [`Redis`](crate::layers::redis)
//! layer, and a real `redis-server`, or a Cluster of three. Every task stops at the holds that [`hold`](crate::hold) names, between
//! any two steps of the model; a [`Gate`](gate::Gate) around the layer holds answers and keeps what is announced until the trace has
//! it applied. After each step both are compared: in Redis the value, token and floor of each key, the epoch of its bucket, and the
//! count, stream and epoch of the control key; on each node memory, floor, epochs, what it has heard, its inbox, what it owes,
//! whether it is suspect; the rows of the outbox; where each reader and writer stands, and what each was answered. A value counts as
//! there if the stamps, of patterns or of tags, leave it alive. P1 and P2 are looked at whenever a reader is answered, Q and P5 once
//! all is at rest.
//!
//! A mutation's counterexample is followed in the protocol itself: a step that is not to be taken there gives way to the next
//! step of whoever was to take it.
//!
//! Traces are followed under [`as_built`](mainstay_cache_model::Protocol::as_built), rules that the protocol leaves open and the
//! model holds under as well: waiters are answered and memory filled before Redis is told; what is stored raises the floor; a
//! node's own floor judges what it reads from Redis; a node's own announcement of a key, and the answer to an invalidation that
//! was queued, void nothing more; memory that is emptied raises no floors.
//!
//! Where the code has more, or other, steps than the model:
//!
//! | in the model | really | here |
//! |---|---|---|
//! | one script reads, and claims what is missing | `MGET` and `HMGET`, then the claim script | both are one step |
//! | who adopts a token loads, or finds the value, at any time | waits for the lease, in looks | leases end at once; a look is told to wait once more (`poll`) |
//! | clock and announcements are one number | a hybrid clock beside a dense count | the count is compared, less the model's where an epoch began; the clock by what is alive |
//! | a node compares itself with Redis whenever it likes | it does so by a pulse; a lost connection or a refused command is known at once | the trace says when the pulse is; a node may be suspect sooner, and the model then follows |
//! | commands flow after hello | after hello's answer was taken in | such steps are left out, and come later |
//! | hello of a new server hears nothing before it is taken in | it is subscribed before | what comes in between is lost |
//! | what is owed is told in any order, also by later writers | in order, before anything else of the node | other orders are left out |
//! | a reader goes by Redis while something is owed | tells it first, and goes by if it cannot | that telling fails |
//! | a suspect node does not ask memory | but for what it read within the bound | the bound is 0 |
//! | | trust ends with time; a breaker rests | a node that is not suspect is trusted, and the breaker is reset, before each step |
//! | floors expire everywhere at once | in Redis by time, on a node by number | both are removed |
//! | a failover | another server with what a snapshot had | restarted and restored |
//! | a stamp is known here with the answer | is known here before it is told, too; and nobody joins a flight older than a stamp known | tags are compared as patterns are |
//!
//! Not replayed: mutations that keep parts of the control key, which Redis does not lose in parts.
//!
//! `MAINSTAY_CONFORMANCE_TRACES=100 cargo test -p mainstay-cache --features redis --lib conformance` goes through more.

mod actor;
mod gate;
mod node;
#[cfg(feature = "sqlite")]
mod outbox;
mod rows;
mod servers;
mod source;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::{Layout, Reading, Step, Trace, Writing};
use mainstay_testkit::redis::{Redis, RedisCluster};

use rows::Rows;
use servers::Real;
use world::{Checked, World};

/// What replays came to.
#[derive(Debug, Default)]
struct Tally {
    traces: usize,
    steps: usize,
    /// Steps of the trace that were not to be taken, in the protocol or really.
    left_out: usize,
    /// Left before all was at rest.
    unrested: usize,
    differences: Vec<String>,
}

impl Tally {
    fn conclude(&self) {
        let Self { traces, steps, left_out, unrested, differences } = self;
        println!("{traces} traces, {steps} steps, {left_out} left out, {unrested} not brought to rest");
        let some: Vec<&str> = differences.iter().take(6).map(String::as_str).collect();
        assert!(differences.is_empty(), "{} differ: {}", differences.len(), some.join("\n"));
    }
}

/// Who takes a step.
fn actor(step: Step) -> String {
    match step {
        Step::Read(Reading { reader, .. })
        | Step::Bypass(Reading { reader, .. })
        | Step::Clock(Reading { reader, .. })
        | Step::Look(Reading { reader, .. })
        | Step::Miss(Reading { reader, .. })
        | Step::Poll(Reading { reader, .. })
        | Step::Load(Reading { reader, .. })
        | Step::LoadReplica(Reading { reader, .. })
        | Step::Commit(Reading { reader, .. })
        | Step::CommitRefused(Reading { reader, .. })
        | Step::Fill(Reading { reader, .. }) => format!("reader {reader}"),
        Step::Write(Writing { writer, relay, .. })
        | Step::Relay(Writing { writer, relay, .. })
        | Step::Bump(Writing { writer, relay, .. })
        | Step::InvalidateKey(Writing { writer, relay, .. })
        | Step::RevokeSlot(Writing { writer, relay, .. })
        | Step::Announce(Writing { writer, relay, .. })
        | Step::InvalidateStamp(Writing { writer, relay, .. })
        | Step::Unreachable(Writing { writer, relay, .. })
        | Step::AnswerLost(Writing { writer, relay, .. })
        | Step::Replay(Writing { writer, relay, .. })
        | Step::Settle(Writing { writer, relay, .. }) => format!("writer {writer}, relay {relay}"),
        other => format!("{other:?}"),
    }
}

/// Follows a trace as far as the protocol allows, then lets all come to rest.
async fn replay(
    real: Real<'_>,
    outbox: Option<Arc<dyn Rows>>,
    case: &Case,
    trace: &Trace,
    tally: &mut Tally,
) {
    let mut world = World::new(real, outbox, case.model(), trace.warm).await;
    let mut done = Vec::new();
    tally.traces += 1;
    let outcome = follow(&mut world, trace, &mut done, tally).await;
    tally.steps += done.len();
    if let Err(why) = outcome {
        let steps: Vec<String> = done.iter().map(|step| format!("\n    {step:?}")).collect();
        tally.differences.push(format!(
            "{}, warm {}: {why}, after{}",
            case.name(),
            trace.warm,
            steps.concat()
        ));
    }
}

async fn follow(world: &mut World<'_>, trace: &Trace, done: &mut Vec<Step>, tally: &mut Tally) -> Checked {
    for hint in &trace.steps {
        let chosen = |world: &World<'_>| {
            let offered = world.model.offered(&world.state);
            let same = offered.iter().find(|step| *step == hint);
            // Where the protocol goes another way, the same actor goes on in it.
            let step = same.or_else(|| offered.iter().find(|step| actor(**step) == actor(*hint)));
            step.copied()
        };
        while let Some(first) = chosen(world).and_then(|step| world.introduction(step)) {
            done.push(first);
            world.take(first).await?;
        }
        match chosen(world).filter(|step| !world.has_no_such(*step)) {
            Some(step) => {
                done.push(step);
                world.take(step).await?;
            }
            None => tally.left_out += 1,
        }
    }
    loop {
        let offered = world.model.offered(&world.state);
        let goes_on =
            |step: &Step| !matches!(step, Step::Fault(_) | Step::Read(_) | Step::Write(_) | Step::Poll(_));
        let mut offered = offered.into_iter().filter(goes_on);
        let Some(step) = offered.find(|step| !world.has_no_such(*step)) else { break };
        let step = world.introduction(step).unwrap_or(step);
        done.push(step);
        world.take(step).await?;
        if done.len() > 400 {
            return Err("P5: it never rests".to_owned());
        }
    }
    if !world.is_under_way() {
        return world.rest().await;
    }
    tally.unrested += 1;
    Ok(())
}

fn rounds() -> u64 {
    std::env::var("MAINSTAY_CONFORMANCE_TRACES").map_or(2, |rounds| rounds.parse().unwrap())
}

/// The worlds of the catalogue under the rules of the cache, each once, with stamps of patterns and of tags.
fn worlds(layout: Layout, outbox: bool) -> Vec<Case> {
    let mut seen = BTreeSet::new();
    let cases = catalogue::holding().into_iter().map(|case| case.as_the_cache());
    let chosen = cases.filter(|case| case.scenario.layout == layout && case.protocol.outbox == outbox);
    chosen.filter(|case| seen.insert(case.name())).collect()
}

fn by_tag(case: &Case) -> Case {
    let rules = format!("{}, by tag", case.rules);
    Case { rules, protocol: case.protocol.by_tag(), ..case.clone() }
}

/// Random traces of a world: those of uneven seeds invalidate by tag what those of even ones invalidate by pattern.
async fn random_traces(real: Real<'_>, worlds: &[Case], rounds: u64, tally: &mut Tally) {
    for case in worlds {
        for seed in 0..rounds {
            let case = if seed % 2 == 1 { by_tag(case) } else { case.clone() };
            replay(real, None, &case, &Trace::random(&case, seed, 80), tally).await;
        }
    }
}

#[tokio::test]
async fn every_counterexample_breaks_nothing_really() {
    let server = Redis::start().unwrap();
    let cluster = RedisCluster::start().unwrap();
    let mut tally = Tally::default();
    let traces = Trace::stored().unwrap();
    for case in catalogue::mutations() {
        let trace = traces.iter().find(|trace| trace.case == case.name()).expect("it is stored");
        let real = match case.scenario.layout {
            Layout::Single => Real::One(&server),
            Layout::Cluster => Real::Cluster(&cluster),
        };
        replay(real, None, &case.as_the_cache(), trace, &mut tally).await;
    }
    tally.conclude();
    assert!(tally.traces > 50, "{tally:?}");
}

#[tokio::test]
async fn random_traces_lead_to_the_same_states() {
    let server = Redis::start().unwrap();
    let mut tally = Tally::default();
    let worlds = worlds(Layout::Single, false);
    random_traces(Real::One(&server), &worlds, rounds(), &mut tally).await;
    tally.conclude();
}

#[tokio::test]
async fn so_do_those_over_a_cluster() {
    let cluster = RedisCluster::start().unwrap();
    let mut tally = Tally::default();
    let worlds = worlds(Layout::Cluster, false);
    random_traces(Real::Cluster(&cluster), &worlds, rounds(), &mut tally).await;
    tally.conclude();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn so_do_those_with_an_outbox() {
    let server = Redis::start().unwrap();
    let mut tally = Tally::default();
    for case in worlds(Layout::Single, true) {
        for seed in 0..10 * rounds() {
            let outbox = Arc::new(outbox::Outbox::open().await);
            let trace = Trace::random(&case, seed, 80);
            replay(Real::One(&server), Some(outbox), &case, &trace, &mut tally).await;
        }
    }
    tally.conclude();
}
