//! The plans of the short runs; `./scripts/chaos --minutes N` is the long form.

use mainstay_cache_chaos::{Kind, Plan};

/// `CHAOS_SEED` chooses another run.
pub fn plan(servers: Kind) -> Plan {
    let seed =
        std::env::var("CHAOS_SEED").map_or(20_260, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    println!("CHAOS_SEED={seed}");
    Plan::new(servers, seed)
}
