use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::PoolConfig;
use crate::inner::{Inner, Phase};
use crate::keepalive;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::trace;

/// How often a pool is swept: the idle clock is off by no more than this.
fn period(config: &PoolConfig) -> Duration {
    let spans = [config.idle_timeout, config.max_lifetime, config.keepalive, config.leak_after];
    let shortest = spans.into_iter().flatten().min();
    shortest
        .map_or(Duration::from_secs(1), |shortest| shortest / 4)
        .clamp(Duration::from_millis(1), Duration::from_secs(1))
}

/// Closes what is over, replaces what is aged, reports leaks and keeps the minimum, until the pool is closed or dropped.
pub(crate) async fn run<M: Manager, O: Observer>(pool: Weak<Inner<M, O>>) {
    while let Some(inner) = pool.upgrade() {
        if *inner.phase.borrow() > Phase::Open {
            return;
        }
        let now = Instant::now();
        let leaks = inner.transition(|state, later| {
            state.sweep(now, later);
            state.new_leaks(now)
        });
        for leak in leaks {
            trace::leak(&inner.name, &leak);
            if let Some(on_leak) = &inner.on_leak {
                // The callback is the user's: its panic must not end the sweeping.
                let _ = catch_unwind(AssertUnwindSafe(|| on_leak(&leak)));
            }
        }
        keepalive::start(&inner);
        let period = period(&inner.config());
        drop(inner);
        sleep(period).await;
    }
}
