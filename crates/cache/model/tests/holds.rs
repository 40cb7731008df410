//! Every scenario of the catalogue that is small enough for a test is explored to the last state. The large ones are the
//! script's: `scripts/model`.

use std::time::Duration;

use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::explore;

fn hold(chosen: impl Fn(&Case) -> bool) {
    let cases: Vec<_> = catalogue::holding().into_iter().filter(|case| !case.large && chosen(case)).collect();
    assert!(!cases.is_empty(), "the catalogue has no such case");
    for case in cases {
        let found = explore(case.model(), None);
        let took = found.took.as_secs_f32();
        println!("{:<60} {:>8} states {took:>5.1} s", case.name(), found.states);
        assert_eq!(found.broken, [], "{}", case.name());
        assert!(found.whole && found.sane, "{}: nothing is seen through to the new value", case.name());
    }
}

/// Which test explores a case.
fn chapter(case: &Case) -> &'static str {
    let name = &case.scenario.name;
    let chapters = ["cluster, ", "every commit", "key: ", "tag: "];
    let begins = chapters.into_iter().find(|chapter| name.starts_with(chapter));
    begins.unwrap_or(if name.contains("readers") { "readers" } else { "writers" })
}

#[test]
fn a_key_is_coherent_under_each_fault() {
    hold(|case| chapter(case) == "key: ");
}

#[test]
fn a_tag_is_coherent_under_each_fault() {
    hold(|case| chapter(case) == "tag: ");
}

#[test]
fn several_readers_a_node_are() {
    hold(|case| chapter(case) == "readers");
}

#[test]
fn two_writers_and_two_keys_on_a_stripe_are() {
    hold(|case| chapter(case) == "writers");
}

#[test]
fn an_outbox_delivers_what_a_crash_cut_off() {
    hold(|case| chapter(case) == "every commit");
}

#[test]
fn a_cluster_with_an_epoch_a_bucket_is_coherent() {
    hold(|case| chapter(case) == "cluster, ");
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = catalogue::all().iter().map(Case::name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_large_scenario_that_is_cut_says_so() {
    let case = catalogue::holding().into_iter().find(|case| case.large).expect("some are");
    let found = explore(case.model(), Some(Duration::from_millis(200)));
    assert!(!found.whole && found.states > 0);
}
