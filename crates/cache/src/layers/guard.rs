use std::future::Future;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::shared::LayerError;

const FAILURES_TO_REST: u32 = 5;
const REST: Duration = Duration::from_secs(1);

/// The one gate through which every command to a shared layer passes: a time limit, and a rest after repeated failures so
/// that a dead layer costs its callers nothing.
#[derive(Debug)]
pub(crate) struct Guard {
    limit: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    resting_until: Option<Instant>,
}

impl Guard {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, state: Mutex::default() }
    }

    pub(crate) async fn run<T>(
        &self,
        command: impl Future<Output = Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        if self.state.lock().resting_until.is_some_and(|until| Instant::now() < until) {
            return Err(LayerError("resting after repeated failures".to_owned()));
        }
        let answer = match tokio::time::timeout(self.limit, command).await {
            Ok(answer) => answer,
            Err(_) => Err(LayerError(format!("no answer within {:?}", self.limit))),
        };
        let mut state = self.state.lock();
        if answer.is_ok() {
            *state = State::default();
        } else {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES_TO_REST {
                state.resting_until = Some(Instant::now() + REST);
            }
        }
        answer
    }
}
