mod cancel;
mod config;
mod entries;
mod limits;
mod live;
mod pauses;
mod series;

use super::*;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn exact(attempts: u32) -> RetryConfig {
    RetryConfig::FAST.max_attempts(attempts).jitter(Jitter::None)
}
