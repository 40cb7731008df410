mod actor;
mod node;
mod source;
mod world;

use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::{Layout, Reading, Step, Trace, Writing};
use mainstay_testkit::redis::Redis;

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
        | Step::Miss(Reading { reader, .. })
        | Step::Poll(Reading { reader, .. })
        | Step::Load(Reading { reader, .. })
        | Step::LoadReplica(Reading { reader, .. })
        | Step::Commit(Reading { reader, .. })
        | Step::CommitRefused(Reading { reader, .. })
        | Step::Fill(Reading { reader, .. }) => format!("reader {reader}"),
        Step::Write(Writing { writer, .. })
        | Step::Bump(Writing { writer, .. })
        | Step::InvalidateKey(Writing { writer, .. })
        | Step::InvalidateStamp(Writing { writer, .. })
        | Step::Unreachable(Writing { writer, .. })
        | Step::AnswerLost(Writing { writer, .. })
        | Step::Replay(Writing { writer, .. })
        | Step::Settle(Writing { writer, .. }) => format!("writer {writer}"),
        other => format!("{other:?}"),
    }
}

/// The case's world, under the protocol as it is built.
fn as_built(case: &Case) -> Case {
    let twin = case.twin();
    Case { protocol: twin.protocol.as_built(), ..twin }
}

fn replayable(case: &Case) -> bool {
    case.scenario.layout == Layout::Single && !case.protocol.outbox
}

/// Follows a trace as far as the protocol allows, then lets all come to rest.
async fn replay(server: &Redis, case: &Case, trace: &Trace, tally: &mut Tally) {
    let mut world = World::new(server, as_built(case).model(), trace.warm).await;
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
        let offered = world.model.offered(&world.state);
        let same = offered.iter().find(|step| *step == hint);
        // Where the protocol goes another way, the same actor goes on in it.
        let step = same.or_else(|| offered.iter().find(|step| actor(**step) == actor(*hint)));
        match step.copied().filter(|step| !world.has_no_such(*step)) {
            Some(step) => {
                done.push(step);
                world.take(step).await?;
            }
            None => tally.left_out += 1,
        }
    }
    loop {
        let offered = world.model.offered(&world.state);
        let goes_on = |step: &Step| !matches!(step, Step::Fault(_) | Step::Read(_) | Step::Write(_));
        let Some(step) = offered.into_iter().find(|step| goes_on(step) && !world.has_no_such(*step)) else {
            break;
        };
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

#[tokio::test]
async fn every_counterexample_breaks_nothing_really() {
    let server = Redis::start().unwrap();
    let mut tally = Tally::default();
    for case in catalogue::mutations().iter().filter(|case| replayable(case) && !case.large) {
        let trace = Trace::of(case, None).expect("it is caught");
        replay(&server, case, &trace, &mut tally).await;
    }
    tally.conclude();
    assert!(tally.traces > 30, "{tally:?}");
}

#[tokio::test]
async fn random_traces_lead_to_the_same_states() {
    let rounds: u64 = std::env::var("MAINSTAY_TRACES").map_or(2, |rounds| rounds.parse().unwrap());
    let server = Redis::start().unwrap();
    let mut tally = Tally::default();
    for case in catalogue::holding().iter().filter(|case| replayable(case)) {
        for seed in 0..rounds {
            replay(&server, case, &Trace::random(case, seed, 60), &mut tally).await;
        }
    }
    tally.conclude();
}
