mod calls;
mod faults;
mod live;
mod server;
mod simulation;

use super::*;
use crate::{Error, PolicyExt, ShedReason, Timeout, Verdict, bulkhead::Priority, telemetry::Observer};
use server::{Load, Server, Service, watch};
use std::{
    future::{pending, ready},
    pin::Pin,
    time::Duration,
};

type Held<'p> = Pin<Box<dyn Future<Output = Result<(), Error<&'static str>>> + 'p>>;

macro_rules! pend {
    ($($future:expr),*) => {
        $(assert!(futures::poll!($future.as_mut()).is_pending());)*
    };
}
use pend;

fn adaptive(config: AdaptiveConfig) -> AdaptiveLimit {
    AdaptiveLimit::new("callee", config.seed(1)).unwrap()
}

/// A limit that stays as it is.
fn fixed(limit: usize) -> AdaptiveConfig {
    AdaptiveConfig::default().initial_limit(limit).min_limit(limit).max_limit(limit)
}

/// A limit by AIMD that begins with so many, and decides after every call.
fn eager(limit: usize) -> AdaptiveConfig {
    let config = AdaptiveConfig::default().algorithm(Algorithm::AIMD).initial_limit(limit);
    config.window(Duration::from_millis(1)).min_samples(1)
}

/// A call that runs, or waits, until it is dropped.
fn hold<C, O>(view: AdaptiveView<'_, C, O>) -> Held<'_>
where
    C: crate::Classify<(), &'static str>,
    O: Observer,
{
    Box::pin(async move { view.call(pending::<Result<(), &'static str>>).await })
}

fn normal<C, O>(limit: &AdaptiveLimit<C, O>) -> AdaptiveView<'_, C, O> {
    limit.prioritized(Priority::Normal)
}

fn counts<C, O>(limit: &AdaptiveLimit<C, O>) -> (usize, usize) {
    let snapshot = limit.snapshot();
    (snapshot.running, snapshot.queued)
}

/// A call that takes so long.
async fn take<C, O>(limit: &AdaptiveLimit<C, O>, time: Duration) -> Result<(), Error<&'static str>>
where
    C: crate::Classify<(), &'static str>,
    O: Observer,
{
    let call = limit.call(|| async move {
        tokio::time::sleep(time).await;
        Ok(())
    });
    call.await
}
