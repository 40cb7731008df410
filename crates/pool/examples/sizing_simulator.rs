//! Ways of sizing a pool side by side, on a simulated server: `cargo run --release -p mainstay-pool --features sim --example
//! sizing_simulator`.

use mainstay_pool::sizing::AdaptiveConfig;
use mainstay_pool::sizing::simulator::{Outcome, Scenario, Strategy};

const MAX: usize = 100;

fn print(what: &str, outcome: &Outcome, best: &Outcome) {
    let share = 100.0 * outcome.served as f64 / best.served as f64;
    println!("  {what:<24} {share:5.1} %; {outcome}");
}

fn main() {
    for seed in [1, 7, 42] {
        for (name, scenario) in [
            ("burst", Scenario::burst(seed)),
            ("saturated", Scenario::saturated(seed)),
            ("contended", Scenario::contended(seed)),
        ] {
            let (size, best) = scenario.best_fixed(MAX);
            println!("{name}, seed {seed}, shares of the best fixed size:");
            print(&format!("fixed {size}, the best"), &best, &best);
            for size in [8, 17, 30, MAX] {
                print(&format!("fixed {size}"), &scenario.run(&Strategy::Fixed(size)), &best);
            }
            let grow = Strategy::GrowOnWait { start: 20, max: 200, slow_wait_secs: 0.5 };
            print("grow on wait", &scenario.run(&grow), &best);
            for tolerance in [2.0, 1.5] {
                let config = AdaptiveConfig::default().max(MAX).tolerance(tolerance);
                let outcome = scenario.run(&Strategy::Adaptive(config));
                print(&format!("adaptive, tolerance {tolerance}"), &outcome, &best);
            }
        }
    }
}
