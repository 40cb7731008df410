use std::future::Future;
use std::time::Duration;

use mainstay_resilience::Failures;
use mainstay_resilience::breaker::State;
use mainstay_resilience::{BreakerConfig, CircuitBreaker, Error, FutureExt as _, Timeout};

use super::shared::LayerError;
use crate::error::ConfigError;
use crate::trace;

/// The one gate through which every command to a shared layer passes: a time limit, and a breaker, so that a dead layer
/// costs its callers one wait and then nothing.
#[derive(Debug)]
pub(crate) struct Guard {
    limit: Timeout,
    breaker: CircuitBreaker<Failures, trace::Watching>,
}

/// A layer that is away is tried again soon, and ever more rarely: nobody waits for the trial but the one who makes it.
const REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(2);

impl Guard {
    pub(crate) fn new(name: &str, limit: Duration) -> Result<Self, ConfigError> {
        let out_of_range = |_| ConfigError::new("command_timeout", format!("{limit:?}"), "1 ms to 60 s");
        // Longer than a pulse may take, which a failure calls for and which finds out whether the connection is at fault: a
        // trial before its answer would cost a second caller the same wait.
        let rest = limit.saturating_add(REST);
        let breaker = BreakerConfig::default()
            .failure_threshold(1)
            .open_for(rest)
            .open_for_max(LONGEST_REST)
            .success_threshold(1);
        Ok(Self {
            limit: Timeout::new(name, limit).map_err(out_of_range)?,
            breaker: CircuitBreaker::new(name, breaker)
                .expect("the configuration above is valid")
                .observe(trace::watching()),
        })
    }

    /// Being fenced is an answer: it says nothing of the layer's health.
    pub(crate) async fn run<T>(
        &self,
        command: impl Future<Output = Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        let away = |error: Error<LayerError>| LayerError::Away(error.to_string());
        let answered = async {
            match command.under(&self.limit).await {
                Ok(answer) => Ok(Ok(answer)),
                Err(Error::Operation(LayerError::Fenced)) => Ok(Err(LayerError::Fenced)),
                Err(error) => Err(away(error)),
            }
        };
        answered.under(&self.breaker).await.unwrap_or_else(|error| Err(away(error)))
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.breaker.state() == State::Open
    }

    /// The layer was heard from by another way: no need to wait for a trial.
    pub(crate) fn reset(&self) {
        self.breaker.handle().reset();
    }
}
