//! A closed breaker that judges the failure rate over a window, every outcome recorded.
//!
//! - mainstay: the last 100 calls; the last 30 s.
//! - recloser: its defaults, a ring of the last 100 outcomes.
//! - tower-resilience: its defaults (the last 100 calls); the last 30 s. Its window of time keeps a record of every call
//!   and goes through them at each, so that its figure grows with the rate of calls, which is at its highest here.
//! - failsafe: its default window alone, a moving average of the success rate over 30 s.

use super::{
    breaker::{Guarded, failsafe_on_runtime, mainstay_on_runtime, recloser_on_runtime, tower_on_runtime},
    operation::{operation, raw},
};
use crate::contest::Contest;
use failsafe::{backoff::EqualJittered, failure_policy::SuccessRateOverTimeWindow};
use mainstay_resilience::{BreakerConfig, breaker::Window};
use std::time::Duration;
use tower::Layer;
use tower_resilience::circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

pub(super) fn by_count() -> Contest {
    let tower = CircuitBreakerLayer::builder().build().expect("defaults are valid");
    Contest::new("breaker_window", mainstay_on_runtime(BreakerConfig::default().window(Window::Count(100))))
        .allocating_nothing()
        .raw(raw())
        .peer("recloser", recloser_on_runtime())
        .peer("tower-resilience", tower_on_runtime(guarded(tower)))
}

pub(super) fn by_time() -> Contest {
    let tower = CircuitBreakerLayer::builder()
        .sliding_window_type(SlidingWindowType::TimeBased)
        .sliding_window_duration(HALF_A_MINUTE)
        .build()
        .expect("a valid window");
    let failsafe =
        failsafe::Config::new().failure_policy(SuccessRateOverTimeWindow::<EqualJittered>::default());
    let window = Window::Time(HALF_A_MINUTE);
    Contest::new("breaker_window_time", mainstay_on_runtime(BreakerConfig::default().window(window)))
        .allocating_nothing()
        .raw(raw())
        .peer("failsafe", failsafe_on_runtime(failsafe.build()))
        .peer("tower-resilience", tower_on_runtime(guarded(tower)))
}

fn guarded(layer: CircuitBreakerLayer) -> impl Guarded {
    layer.layer(tower::service_fn(operation))
}
