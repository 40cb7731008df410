use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::PoolConfig;
use crate::inner::{Inner, Phase};
use crate::manager::Manager;

/// How often a pool is swept: the idle clock is off by no more than this.
pub(crate) fn period(config: &PoolConfig) -> Duration {
    let shortest = [config.idle_timeout, config.max_lifetime].into_iter().flatten().min();
    shortest
        .map_or(Duration::from_secs(1), |shortest| shortest / 4)
        .clamp(Duration::from_millis(1), Duration::from_secs(1))
}

/// Closes what is over and keeps the minimum, until the pool is closed or dropped.
pub(crate) async fn run<M: Manager>(pool: Weak<Inner<M>>, period: Duration) {
    while let Some(inner) = pool.upgrade() {
        if *inner.phase.borrow() > Phase::Open {
            return;
        }
        let now = Instant::now();
        inner.transition(|state, later| state.sweep(now, later));
        drop(inner);
        sleep(period).await;
    }
}
