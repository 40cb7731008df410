use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::config::HealthConfig;
use super::gauges::Gauges;
use super::history::Reading;
use super::issue::Issue;
use super::phase::PhaseStats;

/// Whether a pool is well.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// The pool's name.
    pub pool: Arc<str>,
    /// Whether nothing is wrong; [advice](Issue::is_advice) does not count.
    pub healthy: bool,
    /// What is wrong, and what could be better.
    pub issues: Vec<Issue>,
}

/// What a pool's health is judged by.
pub(super) struct Evidence {
    pub(super) pool: Arc<str>,
    pub(super) now: Gauges,
    pub(super) history: Vec<Reading>,
    pub(super) wait: PhaseStats,
    pub(super) connect: PhaseStats,
}

impl Health {
    pub(super) fn of(evidence: &Evidence, config: &HealthConfig) -> Self {
        let found = [
            exhausted(evidence),
            long_waits(evidence, config),
            unserved_callers(evidence),
            slow_connects(evidence, config),
            failed_connects(evidence),
            leaks(evidence),
            idle_waste(evidence, config),
        ];
        let issues: Vec<_> = found.into_iter().flatten().collect();
        Self { pool: Arc::clone(&evidence.pool), healthy: issues.iter().all(Issue::is_advice), issues }
    }
}

fn exhausted(Evidence { now, .. }: &Evidence) -> Option<Issue> {
    let waiting = now.waiting.unwrap_or(0);
    (now.in_use >= now.max && waiting > 0).then_some(Issue::Exhausted { in_use: now.in_use, waiting })
}

fn long_waits(Evidence { wait, .. }: &Evidence, config: &HealthConfig) -> Option<Issue> {
    let judged = wait.count >= config.min_samples && wait.p95 > config.wait_p95;
    judged.then_some(Issue::LongWaits { p95: wait.p95, allowed: config.wait_p95 })
}

fn unserved_callers(Evidence { wait, .. }: &Evidence) -> Option<Issue> {
    (wait.failed > 0).then_some(Issue::UnservedCallers { unserved: wait.failed, asked: wait.count })
}

fn slow_connects(Evidence { connect, .. }: &Evidence, config: &HealthConfig) -> Option<Issue> {
    let judged = connect.count >= config.min_samples && connect.p95 > config.connect_p95;
    judged.then_some(Issue::SlowConnects { p95: connect.p95, allowed: config.connect_p95 })
}

fn failed_connects(Evidence { connect, .. }: &Evidence) -> Option<Issue> {
    (connect.failed > 0).then_some(Issue::FailedConnects { failed: connect.failed, tried: connect.count })
}

/// Those within the history: a leak that was mended shall not be held against the pool for ever.
fn leaks(Evidence { now, history, .. }: &Evidence) -> Option<Issue> {
    let before = history.first().map_or(Some(0), |reading| reading.gauges.leaks).unwrap_or(0);
    let leaks = now.leaks.unwrap_or(0).saturating_sub(before);
    (leaks > 0).then_some(Issue::Leaks { leaks })
}

fn idle_waste(Evidence { history, .. }: &Evidence, config: &HealthConfig) -> Option<Issue> {
    let (first, last) = (history.first()?, history.last()?);
    let over = last.at.saturating_duration_since(first.at);
    let peak = history.iter().map(|reading| reading.gauges.in_use).max()?;
    let size = history.iter().map(|reading| reading.gauges.size).min()?;
    let idle = size.saturating_sub(peak) as f64;
    let wasted = over >= config.idle_for && over > Duration::ZERO && idle > config.idle_share * size as f64;
    wasted.then_some(Issue::IdleWaste { peak, size, over })
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pool, healthy, issues } = self;
        write!(f, "pool `{pool}` is {}", if *healthy { "well" } else { "not well" })?;
        for issue in issues {
            write!(f, "\n- {issue}")?;
        }
        Ok(())
    }
}
