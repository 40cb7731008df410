use super::*;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex},
};
use tokio::time::{Instant, sleep_until};

/// A callee that serves so many calls at once, first come first served: M/D/c or M/M/c.
pub(super) struct Server {
    inner: Mutex<Inner>,
}

struct Inner {
    /// When each of its places is free again.
    free_at: BinaryHeap<Reverse<Instant>>,
    service: Service,
    draws: fastrand::Rng,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    Fixed(Duration),
    Exponential(Duration),
}

impl Server {
    pub(super) fn new(places: usize, service: Service, seed: u64) -> Arc<Self> {
        let free_at = std::iter::repeat_n(Reverse(Instant::now()), places).collect();
        let inner = Inner { free_at, service, draws: fastrand::Rng::with_seed(seed) };
        Arc::new(Self { inner: Mutex::new(inner) })
    }

    /// Serves so many at once from now on.
    pub(super) fn set_places(&self, places: usize) {
        let free_at = &mut self.inner.lock().unwrap().free_at;
        while free_at.len() > places {
            free_at.pop();
        }
        while free_at.len() < places {
            free_at.push(Reverse(Instant::now()));
        }
    }

    pub(super) fn set_service(&self, service: Service) {
        self.inner.lock().unwrap().service = service;
    }

    pub(super) async fn call(&self) -> Result<(), &'static str> {
        let done = {
            let mut inner = self.inner.lock().unwrap();
            let service = match inner.service {
                Service::Fixed(time) => time,
                Service::Exponential(mean) => mean.mul_f64(-(1.0 - inner.draws.f64()).ln()),
            };
            let Reverse(free) = inner.free_at.pop().unwrap();
            let done = free.max(Instant::now()) + service;
            inner.free_at.push(Reverse(done));
            done
        };
        sleep_until(done).await;
        Ok(())
    }
}

/// Calls that arrive by chance, so many a second, whatever becomes of those before them.
pub(super) struct Load {
    served: Arc<std::sync::atomic::AtomicU64>,
    arrivals: tokio::task::JoinHandle<()>,
}

impl Load {
    pub(super) fn start(
        limit: &Arc<AdaptiveLimit>,
        server: &Arc<Server>,
        per_second: f64,
        seed: u64,
    ) -> Self {
        let served = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let (limit, server, count) = (limit.clone(), server.clone(), served.clone());
        let arrivals = tokio::spawn(async move {
            let mut draws = fastrand::Rng::with_seed(seed);
            let mut next = Instant::now();
            loop {
                next += Duration::from_secs_f64(-(1.0 - draws.f64()).ln() / per_second);
                sleep_until(next).await;
                let (limit, server, count) = (limit.clone(), server.clone(), count.clone());
                tokio::spawn(async move {
                    if limit.call(|| server.call()).await.is_ok() {
                        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                });
            }
        });
        Self { served, arrivals }
    }

    pub(super) fn served(&self) -> u64 {
        self.served.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.arrivals.abort();
    }
}

/// The limit once a second for so many seconds.
pub(super) async fn watch(limit: &AdaptiveLimit, seconds: u64) -> Vec<usize> {
    let mut seen = Vec::new();
    for _ in 0..seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(limit.snapshot().limit);
    }
    seen
}
