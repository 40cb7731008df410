use crate::{Error, FutureExt, Timeout};
use serde_json::{Value, json};
use std::{fmt, pin::Pin};
use tokio::{task::JoinSet, time::Instant};

/// One thing a service needs to be ready, with the time it may take to say so.
pub(super) struct Check {
    limit: Timeout,
    run: Box<dyn Fn() -> Answer + Send + Sync>,
}

/// What was wrong is for the log and not for whoever asks.
type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl Check {
    pub(super) fn new<F, Fut, E>(limit: Timeout, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let run = move || -> Answer {
            let checked = check();
            Box::pin(async move { checked.await.map_err(|error| error.to_string()) })
        };
        Self { limit, run: Box::new(run) }
    }

    /// `ok`, `failed` or `timed_out`.
    async fn status(&self) -> &'static str {
        match (self.run)().under(&self.limit).await {
            Ok(()) => "ok",
            Err(Error::Operation(error)) => {
                log(self.limit.name(), &error);
                "failed"
            }
            Err(late) => {
                log(self.limit.name(), &late.to_string());
                "timed_out"
            }
        }
    }
}

/// All checks side by side, each in a task of its own: one that panics has failed, and the others go on. Dropped, it
/// cancels those that are running.
pub(super) async fn run(checks: &[std::sync::Arc<Check>]) -> (bool, Value) {
    let mut running = JoinSet::new();
    for (at, check) in checks.iter().cloned().enumerate() {
        running.spawn(async move {
            let began = Instant::now();
            (at, check.status().await, began.elapsed())
        });
    }
    let mut report: Vec<_> =
        checks.iter().map(|check| json!({ "name": check.limit.name(), "status": "failed" })).collect();
    let mut passed = 0;
    while let Some(ended) = running.join_next().await {
        let Ok((at, status, took)) = ended else { continue };
        passed += usize::from(status == "ok");
        report[at]["status"] = json!(status);
        report[at]["took_ms"] = json!(took.as_secs_f64() * 1_000.0);
    }
    (passed == checks.len(), Value::Array(report))
}

#[cfg(feature = "tracing")]
fn log(check: &str, error: &str) {
    tracing::warn!(target: "mainstay_resilience::web", check, error, "not ready");
}

#[cfg(not(feature = "tracing"))]
fn log(_check: &str, _error: &str) {}
