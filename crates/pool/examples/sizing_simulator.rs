//! Ways of sizing a pool side by side, on a simulated server: `cargo run --release -p mainstay-pool --features sim --example
//! sizing_simulator`.

use mainstay_pool::sizing::AdaptiveConfig;
use mainstay_pool::sizing::simulator::{Scenario, Strategy};

const MAX: usize = 100;

fn main() {
    for seed in [1, 7, 42] {
        for (name, scenario) in [("burst", Scenario::burst(seed)), ("saturated", Scenario::saturated(seed))] {
            let (best, at_best) = scenario.best_fixed(MAX);
            println!("{name}, seed {seed}:");
            println!("  fixed {best} (the best)  {at_best}");
            for size in [8, 17, 30, MAX] {
                println!("  fixed {size}  {}", scenario.run(&Strategy::Fixed(size)));
            }
            let grow = Strategy::GrowOnWait { start: 8, max: 200, slow_wait_secs: 0.5 };
            println!("  grow on wait  {}", scenario.run(&grow));
            let adaptive = scenario.run(&Strategy::Adaptive(AdaptiveConfig::default().max(MAX)));
            let share = 100.0 * adaptive.served as f64 / at_best.served as f64;
            println!("  adaptive  {adaptive}: {share:.1} % of the best");
        }
    }
}
