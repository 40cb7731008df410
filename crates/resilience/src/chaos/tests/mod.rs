/// Whether each of `n` calls was let through.
macro_rules! pattern {
    ($chaos:expr, $n:expr) => {{
        let mut passed = Vec::new();
        for _ in 0..$n {
            passed.push($chaos.call(|| ready(Ok::<u32, &str>(1))).await == Ok(1));
        }
        passed
    }};
}

mod dealing;
mod injections;
mod settings;

use super::*;
use crate::{
    BreakerConfig, CircuitBreaker, Describe, Error, PolicyExt, Retry, RetryConfig, Timeout, Verdict,
    breaker::State,
    telemetry::{Event, OnEvent, PolicyId},
};
use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);

fn on() -> ChaosConfig {
    ChaosConfig::default().enabled(true).seed(7)
}

fn always() -> Injection {
    Injection::rate(1.0)
}
