//! A closed breaker that counts failures in a row. mainstay: its defaults.
//!
//! - recloser: its defaults, a ring of the last 100 outcomes.
//! - failsafe: its defaults (success rate over 30 s, or 5 failures in a row), and 5 failures in a row alone.
//! - tower-resilience: its defaults (the last 100 calls), and 5 failures in a row alone.

use super::operation::{operation, raw};
use crate::{
    contest::Contest,
    work::{on_runtime, on_tasks},
};
use failsafe::{
    StateMachine,
    backoff::{EqualJittered, equal_jittered},
    failure_policy::{ConsecutiveFailures, FailurePolicy, consecutive_failures},
    futures::CircuitBreaker as _,
};
use mainstay_resilience::{BreakerConfig, CircuitBreaker, PolicyExt};
use recloser::{AsyncRecloser, Recloser};
use std::{hint::black_box, sync::Arc, time::Duration};
use tower::{Layer, Service, ServiceExt};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;

pub(super) fn mainstay(config: BreakerConfig) -> CircuitBreaker {
    CircuitBreaker::new("b", config).expect("a valid configuration")
}

pub(super) fn recloser() -> AsyncRecloser {
    AsyncRecloser::from(Recloser::default())
}

/// As its defaults have it, but for the success rate.
fn failsafe_consecutive() -> StateMachine<ConsecutiveFailures<EqualJittered>, ()> {
    let backoff = equal_jittered(Duration::from_secs(10), Duration::from_secs(300));
    failsafe::Config::new().failure_policy(consecutive_failures(5, backoff)).build()
}

/// A service behind tower-resilience's breaker; its clones share the circuit.
pub(super) trait Guarded:
    Service<u64, Response = u64, Error: std::fmt::Debug, Future: Send> + Clone + Send + 'static
{
}
impl<S> Guarded for S where
    S: Service<u64, Response = u64, Error: std::fmt::Debug, Future: Send> + Clone + Send + 'static
{
}

fn tower() -> impl Guarded {
    CircuitBreakerLayer::builder().build().expect("defaults are valid").layer(tower::service_fn(operation))
}

fn tower_consecutive() -> impl Guarded {
    let layer = CircuitBreakerLayer::builder().consecutive_failures(5).build().expect("valid");
    layer.layer(tower::service_fn(operation))
}

pub(super) fn closed_1task() -> Contest {
    Contest::new("breaker_closed_1task", mainstay_on_runtime(BreakerConfig::default()))
        .allocating_nothing()
        .raw(raw())
        .peer("recloser", recloser_on_runtime())
        .peer("failsafe", failsafe_on_runtime(failsafe::Config::new().build()))
        .peer("failsafe-consecutive", failsafe_on_runtime(failsafe_consecutive()))
        .peer("tower-resilience", tower_on_runtime(tower()))
        .peer("tower-resilience-consecutive", tower_on_runtime(tower_consecutive()))
}

pub(super) fn mainstay_on_runtime(config: BreakerConfig) -> impl FnMut(u64) -> Duration {
    on_runtime(mainstay(config), async |breaker, i| {
        black_box(breaker.call(|| operation(i)).await.is_ok());
    })
}

pub(super) fn recloser_on_runtime() -> impl FnMut(u64) -> Duration {
    on_runtime(recloser(), async |breaker, i| {
        black_box(breaker.call(operation(i)).await.is_ok());
    })
}

pub(super) fn failsafe_on_runtime<P: FailurePolicy + Send + Sync + 'static>(
    breaker: StateMachine<P, ()>,
) -> impl FnMut(u64) -> Duration {
    on_runtime(breaker, async |breaker, i| {
        black_box(breaker.call(operation(i)).await.is_ok());
    })
}

pub(super) fn tower_on_runtime(service: impl Guarded) -> impl FnMut(u64) -> Duration {
    on_runtime(service, async |service, i| {
        black_box(service.ready().await.expect("closed").call(i).await.is_ok());
    })
}

const TASKS: u64 = 8;

/// Eight tasks share one breaker.
pub(super) fn closed_8tasks() -> Contest {
    let raw = on_tasks(TASKS, (), |(), count| async move {
        for i in 0..count {
            black_box(operation(i).await.is_ok());
        }
    });
    let shared = Arc::new(mainstay(BreakerConfig::default()));
    let mainstay = on_tasks(TASKS, shared, |breaker, count| async move {
        for i in 0..count {
            black_box(breaker.call(|| operation(i)).await.is_ok());
        }
    });
    let recloser = on_tasks(TASKS, Arc::new(recloser()), |breaker, count| async move {
        for i in 0..count {
            black_box(breaker.call(operation(i)).await.is_ok());
        }
    });
    Contest::new("breaker_closed_8tasks", mainstay)
        .throughput()
        .raw(raw)
        .peer("recloser", recloser)
        .peer("failsafe", failsafe_on_tasks(failsafe::Config::new().build()))
        .peer("failsafe-consecutive", failsafe_on_tasks(failsafe_consecutive()))
        .peer("tower-resilience", tower_on_tasks(tower()))
        .peer("tower-resilience-consecutive", tower_on_tasks(tower_consecutive()))
}

/// Clones share the state.
fn failsafe_on_tasks<P>(breaker: StateMachine<P, ()>) -> impl FnMut(u64) -> Duration
where
    P: FailurePolicy + Send + Sync + 'static,
{
    on_tasks(TASKS, breaker, |breaker, count| async move {
        for i in 0..count {
            black_box(breaker.call(operation(i)).await.is_ok());
        }
    })
}

fn tower_on_tasks(service: impl Guarded) -> impl FnMut(u64) -> Duration {
    on_tasks(TASKS, service, |mut service, count| async move {
        for i in 0..count {
            black_box(service.ready().await.expect("closed").call(i).await.is_ok());
        }
    })
}
