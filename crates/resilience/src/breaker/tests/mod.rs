mod config;
mod cycle;
mod opening;
mod steering;
mod telling;
mod windows;

use super::*;
use crate::{Error, FailureKind, PolicyExt, Verdict, telemetry::Observer};
use std::{
    future::{pending, ready},
    time::Duration,
};
use tokio::time::{advance, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

pub(super) type Answer = Result<u32, Error<&'static str>>;

pub(super) fn breaker(config: BreakerConfig) -> CircuitBreaker {
    CircuitBreaker::new("valuer", config).unwrap()
}

/// 2 failures open it for 10 s; 2 probes close it.
pub(super) fn small() -> BreakerConfig {
    BreakerConfig::default().failure_threshold(2).open_for(Duration::from_secs(10))
}

pub(super) async fn fail<C, O: Observer>(breaker: &CircuitBreaker<C, O>) -> Answer
where
    C: crate::Classify<u32, &'static str>,
{
    breaker.call(|| ready(Err("down"))).await
}

pub(super) async fn succeed<C, O: Observer>(breaker: &CircuitBreaker<C, O>) -> Answer
where
    C: crate::Classify<u32, &'static str>,
{
    breaker.call(|| ready(Ok(1))).await
}

pub(super) async fn opened(config: BreakerConfig) -> CircuitBreaker {
    let breaker = breaker(config);
    while breaker.state() == State::Closed {
        fail(&breaker).await.unwrap_err();
    }
    breaker
}

/// A call that takes so long and then succeeds.
pub(super) async fn take(breaker: &CircuitBreaker, time: Duration) -> Answer {
    breaker
        .call(|| async move {
            sleep(time).await;
            Ok(1)
        })
        .await
}
