use std::fmt::Display;
use std::time::Duration;

use super::PoolConfig;
use crate::error::{ConfigError, Problem};

const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
pub(super) const INSTANT: Duration = Duration::from_millis(1);
const MOST: usize = 10_000;

impl PoolConfig {
    /// Checks every field against its range and its neighbours.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.number("max", self.max, 1, MOST);
        problems.number("min", self.min, 0, self.max);
        problems.number("max_connecting", self.max_connecting, 1, 1_000);
        problems.span("acquire_timeout", self.acquire_timeout, INSTANT, HOUR);
        problems.span("connect_timeout", self.connect_timeout, INSTANT, HOUR);
        problems.span("max_backoff", self.max_backoff, Duration::from_millis(10), HOUR);
        // A check that outlasts its caller leaves no time for the second connection.
        problems.span("check_timeout", self.check_timeout, INSTANT, self.acquire_timeout.min(HOUR));
        problems.span("reset_timeout", self.reset_timeout, INSTANT, HOUR);
        problems.span("hook_timeout", self.hook_timeout, INSTANT, HOUR);
        problems.span("check_after", self.check_after, Duration::ZERO, MONTH);
        problems.perhaps("keepalive", self.keepalive, INSTANT, self.max_lifetime.unwrap_or(MONTH));
        problems.perhaps("idle_timeout", self.idle_timeout, INSTANT, MONTH);
        problems.perhaps("max_lifetime", self.max_lifetime, INSTANT, MONTH);
        problems.perhaps("server_lifetime", self.server_lifetime, INSTANT, MONTH);
        if let Some(server) = self.server_lifetime
            && self.max_lifetime.is_none_or(|ours| ours >= server)
        {
            let ours = self.max_lifetime.map_or("never".to_owned(), |ours| format!("{ours:?}"));
            problems.add("max_lifetime", ours, format!("less than server_lifetime, {server:?}"));
        }
        problems.perhaps("fail_fast_after", self.fail_fast_after, Duration::ZERO, HOUR);
        problems.perhaps("leak_after", self.leak_after, INSTANT, MONTH);
        problems.span("clock_resolution", self.clock_resolution, Duration::ZERO, SECOND);
        if self.thread_affinity && !self.lanes.is_empty() {
            problems.add("thread_affinity", "true".to_owned(), "false where there are lanes".to_owned());
        }
        for (name, lane) in &self.lanes {
            let cap = lane.cap.unwrap_or(self.max);
            problems.number(&format!("lanes.{name}.cap"), cap, 1, self.max);
            problems.number(&format!("lanes.{name}.guaranteed"), lane.guaranteed, 0, cap);
        }
        // One is left for those to whom nothing is guaranteed, or they would starve.
        problems.number("guaranteed of all lanes", self.guaranteed(), 0, self.max.saturating_sub(1));
        problems.into_result()
    }

    /// Checks what [`Pool::resize`](crate::Pool::resize) may set; there the minimum yields to the maximum.
    pub(crate) fn validate_resize(&self, max: usize) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.number("max", max, self.guaranteed().saturating_add(1), MOST);
        problems.into_result()
    }

    fn guaranteed(&self) -> usize {
        self.lanes.values().fold(0, |sum, lane| sum.saturating_add(lane.guaranteed))
    }
}

/// The fields found out of range so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn number<N: PartialOrd + Display>(&mut self, field: &str, value: N, least: N, most: N) {
        if !(least <= value && value <= most) {
            self.add(field, value.to_string(), format!("{least} to {most}"));
        }
    }

    pub(crate) fn span(&mut self, field: &str, value: Duration, least: Duration, most: Duration) {
        if !(least..=most).contains(&value) {
            self.add(field, format!("{value:?}"), format!("{least:?} to {most:?}"));
        }
    }

    pub(crate) fn perhaps(&mut self, field: &str, value: Option<Duration>, least: Duration, most: Duration) {
        if let Some(value) = value {
            self.span(field, value, least, most);
        }
    }

    pub(crate) fn add(&mut self, field: &str, value: String, allowed: String) {
        self.0.push(Problem { field: field.to_owned(), value, allowed });
    }

    pub(crate) fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems: self.0 }) }
    }
}
