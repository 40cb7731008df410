mod decisions;
mod keyed;
mod settings;
mod waiting;

use super::{pace::Pace, word::Word, *};
use crate::{
    Describe, Error, Forgettable, KeyedConfig, PolicyExt, Timeout,
    telemetry::{Event, OnEvent},
};
use std::{
    cell::RefCell,
    future::{pending, ready},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, advance};

const MS: Duration = Duration::from_millis(1);

/// One call in 100 ms in the long run.
fn config(burst: u32) -> RateLimitConfig {
    RateLimitConfig::from(Rate::per_second(10)).burst(burst)
}

fn limit(config: RateLimitConfig) -> RateLimit {
    RateLimit::new("valuer", config).unwrap()
}

async fn ask<O: crate::telemetry::Observer>(limit: &RateLimit<O>) -> Result<(), Error<&'static str>> {
    limit.call(|| ready(Ok(()))).await
}

fn refused(after: Duration) -> Result<(), Error<&'static str>> {
    Err(Error::RateLimited { policy: "valuer".into(), retry_after: Some(after) })
}
