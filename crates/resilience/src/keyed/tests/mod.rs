mod calls;
mod forgetting;
mod random;

use super::*;
use crate::{
    BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, ConfigError, Error, ShedReason, Timeout,
    breaker::State,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

fn breaker(key: &str) -> Result<CircuitBreaker, ConfigError> {
    CircuitBreaker::new(key, BreakerConfig::default().failure_threshold(2))
}

fn breakers(max_keys: usize) -> Keyed<String, CircuitBreaker> {
    Keyed::new("hosts", KeyedConfig::default().max_keys(max_keys), |host: &String| breaker(host)).unwrap()
}

async fn fail(breakers: &Keyed<String, CircuitBreaker>, key: &str, times: usize) {
    for _ in 0..times {
        let failed = breakers.call(key, || async { Err::<(), _>("down") }).await;
        assert_eq!(failed, Err(Error::Operation("down")));
    }
}

fn keys<P: Forgettable>(keyed: &Keyed<String, P>) -> Vec<String> {
    let mut keys: Vec<_> = keyed.entries().into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys
}
