//! The model is known to bite: each rule of the catalogue's mutations, left out, breaks the promise it keeps, with floors and
//! without, in a scenario in which the protocol itself holds.

use std::collections::BTreeSet;

use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::{explore, find};

fn bites(cases: &[Case]) {
    for case in cases {
        for promise in &case.breaks {
            let found = find(&case.model(), promise, None);
            let found = found.unwrap_or_else(|| panic!("{} does not break {promise}", case.name()));
            println!("{:<70} {promise} in {} steps", case.name(), found.steps.len());
        }
    }
}

fn small_mutations(prefix: &str) -> Vec<Case> {
    let cases =
        catalogue::mutations().into_iter().filter(|case| case.rules.starts_with(prefix) && !case.large);
    let cases: Vec<_> = cases.collect();
    assert!(!cases.is_empty(), "the catalogue has no such mutation");
    cases
}

#[test]
fn the_nine_mutations_are_caught() {
    let cases = small_mutations("m");
    let numbers: BTreeSet<_> = cases.iter().map(|case| &case.rules[..2]).collect();
    assert_eq!(numbers, BTreeSet::from(["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]));
    bites(&cases);
}

#[test]
fn so_are_the_rules_of_queue_joining_and_floor() {
    bites(&small_mutations("x"));
}

#[test]
fn so_are_the_rules_of_a_cluster() {
    bites(&small_mutations("s"));
    bites(&small_mutations("c"));
}

#[test]
fn so_is_an_l2_that_outlives_a_failover() {
    bites(&small_mutations("f"));
}

#[test]
fn so_are_the_rules_of_epochs() {
    bites(&small_mutations("e"));
}

#[test]
fn what_is_not_promised_is_indeed_not_kept() {
    let cases: Vec<_> = catalogue::not_promised().into_iter().filter(|case| !case.large).collect();
    assert!(!cases.is_empty());
    bites(&cases);
}

#[test]
fn the_first_of_the_two_bumps_could_be_left_out() {
    for case in catalogue::spare().iter().filter(|case| !case.large) {
        let found = explore(case.model(), None);
        assert_eq!(found.broken, [], "{}", case.name());
        assert!(found.sane, "{}", case.name());
    }
}

/// In the world in which a mutation is caught the protocol holds. Twins that are of the catalogue's other lists are explored with
/// those.
#[test]
fn the_unmutated_twins_hold() {
    let twins: Vec<_> = catalogue::twins().into_iter().filter(|twin| !twin.large).collect();
    assert!(!twins.is_empty());
    for twin in twins {
        let found = explore(twin.model(), None);
        println!("{:<70} {:>8} states {:>5.1} s", twin.name(), found.states, found.took.as_secs_f32());
        assert_eq!(found.broken, [], "{}", twin.name());
        assert!(found.sane, "{}", twin.name());
    }
}

/// The tests above choose by prefix.
#[test]
fn no_small_mutation_is_left_out() {
    let chosen = |case: &Case| case.large || case.rules.starts_with(['m', 'x', 's', 'c', 'f', 'e']);
    assert!(catalogue::mutations().iter().all(chosen));
}
