use super::{HealthSource, HealthStatus};
use crate::{
    Timeout,
    telemetry::{Observer, PolicyKind},
    timeout::{EndpointStats, EndpointTimeouts, SlowCall, Tracker},
    web::{LoadShed, TimeLimits},
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A limit is what it is: that calls are late says something of the callee.
impl<O: Observer> HealthSource for Timeout<O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        PolicyKind::Timeout.as_str()
    }

    fn status(&self) -> HealthStatus {
        HealthStatus::Healthy
    }

    fn details(&self) -> Value {
        let config = self.config();
        json!({ "after_ms": ms(config.after), "shadow": config.shadow, "timed_out": self.timed_out() })
    }
}

impl<O: Observer> HealthSource for EndpointTimeouts<O> {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        "endpoint_timeouts"
    }

    fn status(&self) -> HealthStatus {
        HealthStatus::Healthy
    }

    fn details(&self) -> Value {
        self.all().iter().map(|timeout| (timeout.name().to_owned(), timeout.details())).collect()
    }
}

impl HealthSource for Tracker {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        "tracker"
    }

    fn status(&self) -> HealthStatus {
        HealthStatus::Healthy
    }

    fn details(&self) -> Value {
        let endpoints: Value =
            self.snapshot().iter().map(|stats| (stats.endpoint.to_string(), times(stats))).collect();
        let slow: Value = self.slow_calls().iter().map(slow_call).collect();
        json!({ "window_ms": ms(self.config().window), "endpoints": endpoints, "slow_calls": slow })
    }
}

fn times(stats: &EndpointStats) -> Value {
    json!({
        "count": stats.count,
        "timeouts": stats.timeouts,
        "abandoned": stats.abandoned,
        "min_ms": ms(stats.min),
        "mean_ms": ms(stats.mean),
        "p50_ms": ms(stats.p50),
        "p95_ms": ms(stats.p95),
        "p99_ms": ms(stats.p99),
        "max_ms": ms(stats.max),
    })
}

fn slow_call(call: &SlowCall) -> Value {
    json!({
        "endpoint": &*call.endpoint,
        "took_ms": ms(call.took),
        "ending": call.ending.as_str(),
        "request_id": call.request_id.as_deref(),
        "ago_ms": ms(call.at.elapsed()),
    })
}

impl<O: Observer> HealthSource for TimeLimits<O> {
    fn name(&self) -> &str {
        self.endpoints.name()
    }

    fn kind(&self) -> &str {
        "time_limits"
    }

    fn status(&self) -> HealthStatus {
        HealthStatus::Healthy
    }

    fn details(&self) -> Value {
        json!({
            "limits": self.endpoints.details(),
            "times": self.tracker.details(),
            "deadlines_ignored": self.deadlines.ignored(),
        })
    }
}

/// Full is degraded: it turns requests away.
impl HealthSource for LoadShed {
    fn name(&self) -> &str {
        self.name()
    }

    fn kind(&self) -> &str {
        "load_shed"
    }

    fn status(&self) -> HealthStatus {
        let full = self.in_flight() >= self.config().max_in_flight;
        if full { HealthStatus::Degraded } else { HealthStatus::Healthy }
    }

    fn details(&self) -> Value {
        json!({
            "in_flight": self.in_flight(),
            "max_in_flight": self.config().max_in_flight,
            "shed": self.shed(),
        })
    }
}
