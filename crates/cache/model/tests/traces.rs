//! What the conformance test of the cache replays: traces are legal ways through the model, and survive being written down.

use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::properties::PROMISES;
use mainstay_cache_model::{Illegal, Trace};
use stateright::Model;

fn mutation(name: &str) -> Case {
    catalogue::mutations().into_iter().find(|case| case.rules.starts_with(name)).expect("it is listed")
}

#[test]
fn a_counterexample_is_a_legal_trace_that_ends_with_the_promise_broken() {
    for name in ["m1", "m4", "m6", "m7", "m9a", "x2", "x5", "s2"] {
        let case = mutation(name);
        let trace = Trace::of(&case, None).expect("it is caught");
        breaks_at_its_end(&case, &trace);
    }
}

fn breaks_at_its_end(case: &Case, trace: &Trace) {
    let name = case.name();
    let states = trace.states().unwrap_or_else(|illegal| panic!("{name}: {illegal}"));
    let breaks = trace.breaks.as_deref().expect("a counterexample breaks a promise");
    assert!(PROMISES.contains(&breaks));
    let promise = case
        .model()
        .properties()
        .into_iter()
        .find(|promise| promise.name == breaks)
        .expect("it is one of the model's");
    let (last, before) = states.split_last().expect("a trace begins somewhere");
    assert!(!(promise.condition)(&case.model(), last), "{name}");
    assert!(before.iter().all(|state| (promise.condition)(&case.model(), state)), "{name}");
}

#[test]
fn a_counterexample_of_every_mutation_is_stored() {
    let stored = Trace::stored().unwrap();
    let cases = catalogue::mutations();
    for case in &cases {
        let trace = stored.iter().find(|trace| trace.case == case.name());
        let trace = trace.unwrap_or_else(|| panic!("{} has none: scripts/model --traces", case.name()));
        assert_eq!(trace.breaks.as_deref(), case.breaks.first().copied(), "{}", case.name());
        breaks_at_its_end(case, trace);
    }
    assert_eq!(stored.len(), cases.len(), "some are stored that are of no mutation");
}

#[test]
fn random_traces_are_legal_break_nothing_and_come_again_from_their_seed() {
    let cases = catalogue::holding();
    for seed in 0..2_000 {
        let case = &cases[seed as usize % cases.len()];
        let trace = Trace::random(case, seed, 80);
        assert_eq!(trace, Trace::random(case, seed, 80), "seed {seed}");
        let states = trace.states().unwrap_or_else(|illegal| panic!("seed {seed}: {illegal}"));
        assert_eq!(states.len(), trace.steps.len() + 1);
        for promise in case.model().properties() {
            if PROMISES.contains(&promise.name) {
                let kept = states.iter().all(|state| (promise.condition)(&case.model(), state));
                assert!(kept, "seed {seed}: {} breaks {}", case.name(), promise.name);
            }
        }
    }
}

#[test]
fn a_trace_is_written_as_the_readme_says() {
    let text = r#"{
        "case": "v3 | key: crash", "breaks": null, "warm": true, "steps": [
            { "step": "write", "node": 0, "writer": 0, "target": { "key": 0 }, "relay": false },
            { "step": "bump", "node": 0, "writer": 0, "target": { "key": 0 }, "relay": false },
            { "step": "read", "node": 0, "reader": 0, "key": 0 },
            { "step": "miss", "node": 0, "reader": 0, "key": 0 },
            { "step": "invalidate_key", "node": 0, "writer": 0, "target": { "key": 0 }, "relay": false },
            { "step": "apply", "node": 1, "index": 0 },
            { "step": "fault", "fault": "crash", "node": 0 },
            { "step": "hello", "node": 0, "bucket": 0 }
        ] }"#;
    let trace: Trace = serde_json::from_str(text).unwrap();
    let states = trace.states().unwrap();
    assert_eq!(states.last().unwrap().nodes[1].last, 1);
    let again: serde_json::Value = serde_json::to_value(&trace).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

#[test]
fn what_cannot_happen_is_refused() {
    let mut trace = Trace::random(&mutation("m1"), 1, 12);
    trace.steps.swap(0, 11);
    assert!(matches!(trace.states(), Err(Illegal::Step { .. })));
    trace.case = "none".to_owned();
    assert_eq!(trace.states(), Err(Illegal::Case("none".to_owned())));
}
