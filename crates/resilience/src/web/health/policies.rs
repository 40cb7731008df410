use super::{HealthSource, HealthStatus, sources::ms};
use crate::{
    AdaptiveLimit, Bulkhead, CircuitBreaker, RateLimit, Retry,
    breaker::{BreakerHandle, CircuitBreakerRegistry, State},
    telemetry::{Observer, PolicyKind},
};
use serde_json::{Value, json};

/// Where every call has to wait for another, less is to be had than usual.
fn crowded(waiting: usize) -> HealthStatus {
    if waiting == 0 { HealthStatus::Healthy } else { HealthStatus::Degraded }
}

impl HealthSource for BreakerHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Breaker.as_str()
    }

    fn status(&self) -> HealthStatus {
        match self.state() {
            State::Closed | State::ForcedClosed | State::Disabled => HealthStatus::Healthy,
            State::HalfOpen | State::Ramping => HealthStatus::Degraded,
            State::Open | State::ForcedOpen => HealthStatus::Unhealthy,
        }
    }

    fn details(&self) -> Value {
        let (snapshot, explanation) = (self.snapshot(), self.explain());
        let window = snapshot
            .window
            .map(|window| json!({ "calls": window.calls, "failures": window.failures, "slow": window.slow }));
        json!({
            "state": snapshot.state.as_str(),
            "why": explanation.to_string(),
            "next_probe_ms": explanation.next_probe.map(ms),
            "window": window,
            "trips": snapshot.trips,
            "rejected": snapshot.rejected,
            "would_reject": snapshot.would_reject,
            "failures": snapshot.failures,
        })
    }
}

impl<C: Send + Sync, O: Observer> HealthSource for CircuitBreaker<C, O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Breaker.as_str()
    }

    fn status(&self) -> HealthStatus {
        self.handle().status()
    }

    fn details(&self) -> Value {
        self.handle().details()
    }
}

/// As its worst breaker.
impl HealthSource for CircuitBreakerRegistry {
    fn name(&self) -> &str {
        "breakers"
    }

    fn kind(&self) -> &str {
        "breaker_registry"
    }

    fn status(&self) -> HealthStatus {
        self.all().iter().map(HealthSource::status).max().unwrap_or(HealthStatus::Healthy)
    }

    fn details(&self) -> Value {
        self.all().iter().map(|breaker| (breaker.name().to_owned(), breaker.details())).collect()
    }
}

impl<O: Observer> HealthSource for Bulkhead<O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Bulkhead.as_str()
    }

    fn status(&self) -> HealthStatus {
        crowded(self.snapshot().queued)
    }

    fn details(&self) -> Value {
        let snapshot = self.snapshot();
        json!({
            "limit": snapshot.limit,
            "running": snapshot.running,
            "queued": snapshot.queued,
            "longest_wait_ms": ms(snapshot.longest_wait),
            "rejected": snapshot.rejected,
            "would_reject": snapshot.would_reject,
        })
    }
}

impl<C: Send + Sync, O: Observer> HealthSource for AdaptiveLimit<C, O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Adaptive.as_str()
    }

    fn status(&self) -> HealthStatus {
        let snapshot = self.snapshot();
        crowded(snapshot.queued + (snapshot.running + 1).saturating_sub(snapshot.limit))
    }

    fn details(&self) -> Value {
        let snapshot = self.snapshot();
        json!({
            "limit": snapshot.limit,
            "running": snapshot.running,
            "queued": snapshot.queued,
            "latency_ms": snapshot.latency.map(ms),
            "baseline_ms": snapshot.baseline.map(ms),
            "rejected": snapshot.rejected,
            "would_reject": snapshot.would_reject,
        })
    }
}

impl<O: Observer> HealthSource for RateLimit<O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::RateLimit.as_str()
    }

    fn status(&self) -> HealthStatus {
        crowded(self.snapshot().waiting)
    }

    fn details(&self) -> Value {
        let snapshot = self.snapshot();
        json!({
            "available": snapshot.available,
            "waiting": snapshot.waiting,
            "rejected": snapshot.rejected,
            "would_reject": snapshot.would_reject,
        })
    }
}

/// A retry is what it is: how many there are says something of the callee.
impl<C: Send + Sync, O: Observer, N: Send + Sync> HealthSource for Retry<C, O, N> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Retry.as_str()
    }

    fn status(&self) -> HealthStatus {
        HealthStatus::Healthy
    }

    fn details(&self) -> Value {
        let stats = self.stats();
        json!({
            "retried": stats.retried,
            "extra_attempts": stats.extra_attempts,
            "recovered": stats.recovered,
            "exhausted": stats.exhausted,
        })
    }
}
