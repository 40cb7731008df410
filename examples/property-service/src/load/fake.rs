//! A service and a demand of known behaviour, for the tests of the load.

use super::DemandSource;
use crate::domain::{
    Answer, Body, Endpoint, Failure, FailureKind, Page, PriceEvent, Property, PropertyDetails, PropertyKind,
    Request, Service, SuburbStats, Telemetry, Trending, Valuation,
};
use parking_lot::Mutex;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, sleep, sleep_until};

pub(super) struct Wanted(Pcg64);

impl Wanted {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }
}

impl DemandSource for Wanted {
    fn property(&mut self) -> i64 {
        self.0.random_range(1..=50)
    }
    fn locality(&mut self) -> u32 {
        self.0.random_range(1..=20)
    }
    fn search_text(&mut self) -> String {
        ["street", "road", "avenue"][self.0.random_range(0..3)].to_owned()
    }
    fn user(&mut self) -> u32 {
        self.0.random_range(1..=10)
    }
    fn new_price(&mut self, id: i64) -> i64 {
        500_000 + id * 1000
    }
}

pub(super) fn home(id: i64, version: i64) -> Property {
    Property {
        id,
        locality_id: 1,
        address: format!("{id} Fern Street, Road or Avenue"),
        kind: PropertyKind::House,
        bedrooms: 5,
        bathrooms: 1,
        car_spaces: 1,
        land_m2: 500,
        price: 500_000,
        version,
    }
}

#[derive(Default)]
pub(super) struct Faults {
    pub(super) fails: bool,
    pub(super) never_answers: bool,
    /// Reads show rows as they were before any update.
    pub(super) stale: bool,
    pub(super) marks_degraded: bool,
    /// Answers with another property than was asked for.
    pub(super) wrong: bool,
    /// Nothing is begun from the first moment until the second, after the service was made.
    pub(super) stall: Option<(Duration, Duration)>,
    /// The first call after this moment stops the whole process, and so the driver, for a second.
    pub(super) freeze: Option<Duration>,
}

/// So many servers, each of a fixed service time, behind a queue without end.
pub(super) struct Fake {
    servers: Semaphore,
    service_time: Duration,
    faults: Faults,
    made: Instant,
    versions: Mutex<HashMap<i64, i64>>,
    calls: Mutex<Vec<Request>>,
    frozen: AtomicBool,
}

impl Fake {
    pub(super) fn queueing(servers: usize, service_time: Duration) -> Self {
        Self {
            servers: Semaphore::new(servers),
            service_time,
            faults: Faults::default(),
            made: Instant::now(),
            versions: Mutex::default(),
            calls: Mutex::default(),
            frozen: AtomicBool::new(false),
        }
    }

    pub(super) fn failing() -> Self {
        Self::queueing(1000, Duration::from_millis(1)).with(Faults { fails: true, ..Faults::default() })
    }

    pub(super) fn with(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    pub(super) fn calls(&self) -> Vec<Request> {
        self.calls.lock().clone()
    }

    fn home(&self, id: i64) -> Property {
        let version = self.versions.lock().get(&id).copied().unwrap_or_default();
        home(id, if self.faults.stale { 0 } else { version })
    }

    fn body(&self, request: &Request) -> Body {
        match request {
            Request::Property { id } => Body::Property(Arc::new(PropertyDetails {
                property: self.home(if self.faults.wrong { id + 1 } else { *id }),
                latitude: -33.9,
                longitude: 151.2,
                history: vec![PriceEvent { day: 19_000, price: 500_000 }],
                listed_by: Vec::new(),
            })),
            Request::List { locality_id, filter, page, .. } => {
                let items = (0..Request::PAGE_SIZE as i64).map(|row| Property {
                    locality_id: *locality_id,
                    kind: filter.kind.unwrap_or(PropertyKind::House),
                    price: 500_000,
                    ..self.home(row)
                });
                let next = Some(format!("after page {}", page.number));
                Body::Page(Arc::new(Page { items: items.collect(), total: None, next }))
            }
            Request::Search { .. } => {
                Body::Page(Arc::new(Page { items: vec![self.home(1)], total: None, next: None }))
            }
            Request::SuburbStats { locality_id } => Body::SuburbStats(Arc::new(SuburbStats {
                locality_id: *locality_id,
                properties: 3,
                lowest: 1,
                median: 2,
                highest: 3,
                sales_last_year: 1,
            })),
            Request::Trending => Body::Trending(Arc::new(Trending { properties: vec![self.home(1)] })),
            Request::Valuation { id } => Body::Valuation(Arc::new(Valuation {
                id: *id,
                estimate: 1,
                from_suburb_median: self.faults.marks_degraded,
            })),
            Request::UpdatePrice { id, .. } => {
                let mut versions = self.versions.lock();
                let version = versions.entry(*id).or_default();
                *version += 1;
                Body::Updated { id: *id, version: *version }
            }
        }
    }
}

impl Service for Fake {
    async fn handle(&self, request: &Request) -> Result<Answer, Failure> {
        self.calls.lock().push(request.clone());
        if let Some((from, until)) = self.faults.stall
            && (from..until).contains(&self.made.elapsed())
        {
            sleep_until(self.made + until).await;
        }
        if self.faults.freeze.is_some_and(|from| self.made.elapsed() >= from)
            && !self.frozen.swap(true, Ordering::Relaxed)
        {
            advance(Duration::from_secs(1)).await;
        }
        let _server = self
            .servers
            .acquire()
            .await
            .map_err(|error| Failure::new(FailureKind::Overloaded, error.to_string()))?;
        if self.faults.never_answers {
            std::future::pending::<()>().await;
        }
        // A read sees the rows as they are when it begins, a write changes them when it ends: what is
        // acknowledged while a read runs is not in its answer, and need not be.
        let read = (request.endpoint() != Endpoint::UpdatePrice).then(|| self.body(request));
        sleep(self.service_time).await;
        if self.faults.fails {
            return Err(Failure::new(FailureKind::Upstream, "503"));
        }
        let body = read.unwrap_or_else(|| self.body(request));
        Ok(Answer { body, degraded: self.faults.marks_degraded })
    }

    fn telemetry(&self) -> Telemetry {
        Telemetry { db_queries: self.calls.lock().len() as u64, ..Telemetry::default() }
    }
}
