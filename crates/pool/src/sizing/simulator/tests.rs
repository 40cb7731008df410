use super::{Outcome, Scenario, Server, Strategy};
use crate::sizing::AdaptiveConfig;

const SEEDS: [u64; 5] = [1, 7, 42, 2024, 99_991];
const MAX: usize = 100;

fn adaptive(scenario: &Scenario) -> Outcome {
    scenario.run(&Strategy::Adaptive(AdaptiveConfig::default().max(MAX)))
}

#[test]
fn the_server_is_fastest_at_its_knee() {
    let Scenario { server, .. } = Scenario::burst(1);
    let throughput = |active: usize| active as f64 / server.slowdown(active) / server.service_secs;
    assert!((throughput(12) - 600.0).abs() < 1e-6);
    assert!((throughput(24) - server.capacity()).abs() < 1e-6);
    assert!(throughput(30) < server.capacity() && throughput(100) < 0.6 * server.capacity());
}

#[test]
fn below_the_knee_an_answer_takes_the_service_time() {
    let mut scenario = Scenario::burst(5);
    scenario.server = Server { knee: 1000.0, ..scenario.server };
    let outcome = scenario.run(&Strategy::Fixed(MAX));
    // The median of an exponential distribution of mean 20 ms is 13.9 ms.
    let p50 = outcome.p50.as_secs_f64() * 1e3;
    assert!((13.4..14.4).contains(&p50), "{p50} ms");
    assert_eq!(outcome.gave_up, 0, "seed {}: {outcome}", scenario.seed);
}

#[test]
fn a_scenario_ends_the_same_every_time() {
    let scenario = Scenario::burst(3);
    assert_eq!(adaptive(&scenario), adaptive(&scenario));
    assert_ne!(adaptive(&scenario), adaptive(&Scenario::burst(4)));
}

#[test]
fn a_hundred_connections_never_recover_from_the_burst() {
    for seed in SEEDS {
        let outcome = Scenario::burst(seed).run(&Strategy::Fixed(100));
        println!("seed {seed}: {outcome}");
        assert_eq!(outcome.recovery, None, "seed {seed}: {outcome}");
        assert!(outcome.gave_up > 5_000, "seed {seed}: {outcome}");
    }
}

/// FlexyPool's way: what callers wait for is a slow server, and every connection more makes it slower.
#[test]
fn growing_on_waits_runs_away_and_never_recovers() {
    for seed in SEEDS {
        let strategy = Strategy::GrowOnWait { start: 20, max: 200, slow_wait_secs: 0.5 };
        let outcome = Scenario::burst(seed).run(&strategy);
        println!("seed {seed}: {outcome}");
        assert_eq!((outcome.last_size, outcome.recovery), (200, None), "seed {seed}: {outcome}");
    }
}

#[test]
fn adaptive_serves_as_many_as_the_best_fixed_size_and_recovers() {
    for seed in SEEDS {
        let scenario = Scenario::burst(seed);
        let (size, best) = scenario.best_fixed(MAX);
        let outcome = adaptive(&scenario);
        let share = outcome.served as f64 / best.served as f64;
        println!("seed {seed}: {:.2} % of fixed {size}; {outcome}", 100.0 * share);
        assert!(share >= 0.97, "seed {seed}: {share} of fixed {size}, {outcome}");
        assert!(outcome.recovery.is_some_and(|recovery| recovery.as_secs() <= 15), "seed {seed}: {outcome}");
        assert!(outcome.mean_size < 40.0 && outcome.peak_size < MAX, "seed {seed}: {outcome}");
    }
}

/// Callers who take whatever there is: a sharp knee punishes the tolerance of twice the baseline, and no limit at all much more.
#[test]
fn saturated_adaptive_stays_well_below_the_most_and_serves_more_for_it() {
    for seed in SEEDS {
        let scenario = Scenario::saturated(seed);
        // 64 callers never use more.
        let unlimited = scenario.run(&Strategy::Fixed(64));
        let outcome = adaptive(&scenario);
        println!("seed {seed}: {} served by 64 connections, adaptive {outcome}", unlimited.served);
        assert!(outcome.served as f64 > 1.1 * unlimited.served as f64, "seed {seed}: {outcome}");
        assert!(outcome.mean_size < 45.0, "seed {seed}: {outcome}");
    }
}

/// Why the tolerance is 2 and not less: what slows down early may still serve more with every connection.
#[test]
fn before_a_contended_server_a_low_tolerance_costs_throughput() {
    for seed in SEEDS {
        let scenario = Scenario::contended(seed);
        let best = scenario.run(&Strategy::Fixed(24));
        let share = |tolerance| {
            let config = AdaptiveConfig::default().max(MAX).tolerance(tolerance);
            scenario.run(&Strategy::Adaptive(config)).served as f64 / best.served as f64
        };
        let (usual, low) = (share(2.0), share(1.5));
        println!("seed {seed}: tolerance 2: {usual:.3}, 1.5: {low:.3}");
        assert!(usual > 0.75 && low < usual - 0.05, "seed {seed}: {usual} and {low} of fixed 24");
    }
}
