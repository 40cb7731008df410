use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::options::LoadBudget;

/// A budget of loads that all nodes share.
pub trait FleetBudget: Send + Sync + fmt::Debug {
    /// Takes so many loads from the budget, or says when to ask again.
    ///
    /// # Cancel safety
    /// Dropped early it may or may not have taken them.
    fn try_acquire(&self, loads: u32) -> BoxFuture<'_, FleetAnswer>;
}

/// What a fleet's budget answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetAnswer {
    /// They may begin.
    Granted,
    /// Not yet.
    RetryAfter(Duration),
    /// Nobody knows: loads are bounded by this process' own budget alone.
    Unavailable,
}

/// Places for loads. Without a budget there is always one.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    own: Option<Own>,
    fleet: Option<Arc<dyn FleetBudget>>,
}

#[derive(Debug)]
struct Own {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    config: LoadBudget,
}

/// A load's place, given back when it is dropped. A bulkhead's permit borrows the bulkhead; this one goes with a load that
/// goes on behind its caller.
#[derive(Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "held for its drop alone")] Option<OwnedSemaphorePermit>,
);

impl Budget {
    pub(crate) fn new(config: Option<LoadBudget>, fleet: Option<Arc<dyn FleetBudget>>) -> Self {
        let own = config.map(|config| Own {
            places: Arc::new(Semaphore::new(config.in_process.min(Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            config,
        });
        Self { own, fleet }
    }

    /// # Errors
    /// There was no place in time; when there may be one, where that is known.
    ///
    /// # Cancel safety
    /// Dropped early, the place in line is gone.
    pub(crate) async fn enter(&self, loads: u32) -> Result<Place, Option<Duration>> {
        let wait = self.own.as_ref().map_or(Duration::from_secs(1), |own| own.config.wait);
        let give_up = Instant::now() + wait;
        let place = match &self.own {
            None => None,
            Some(own) => Some(own.enter(give_up).await?),
        };
        let Some(fleet) = &self.fleet else { return Ok(Place(place)) };
        loop {
            let answer = tokio::time::timeout_at(give_up, fleet.try_acquire(loads)).await;
            match answer.unwrap_or(FleetAnswer::Unavailable) {
                FleetAnswer::Granted | FleetAnswer::Unavailable => return Ok(Place(place)),
                FleetAnswer::RetryAfter(after) if Instant::now() + after > give_up => {
                    return Err(Some(after));
                }
                FleetAnswer::RetryAfter(after) => {
                    tokio::time::sleep(after.max(Duration::from_millis(1))).await;
                }
            }
        }
    }
}

impl Own {
    async fn enter(&self, give_up: Instant) -> Result<OwnedSemaphorePermit, Option<Duration>> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let _line = InLine::join(self)?;
        match tokio::time::timeout_at(give_up, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            // It is never closed.
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }
}

/// A place in line, given up when it is dropped.
struct InLine<'a>(&'a Own);

impl<'a> InLine<'a> {
    fn join(own: &'a Own) -> Result<Self, Option<Duration>> {
        let joined = own.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            (waiting < own.config.queue).then_some(waiting + 1)
        });
        joined.map(|_| Self(own)).map_err(|_| None)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
