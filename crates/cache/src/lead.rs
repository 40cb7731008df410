//! The way of a read that may load: join the flight for this key, or lead one; in this process one load a key at a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::entry::{Hit, Source};
use crate::error::LoadError;
use crate::fill::seal;
use crate::flight::{Boarding, Seat, Turn};
use crate::inner::Inner;
use crate::load::LoadContext;
use crate::region::RegionMeta;
use crate::stats::RegionCounters;

impl Inner {
    /// Reads, and loads what nobody has: one load a key in this process at a time.
    pub(crate) async fn read_or_load<V, F, Fut, E>(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        loader: F,
    ) -> Result<Hit<V>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        region.counters.misses.add(1);
        loop {
            let boarding = self.stripes.board(
                key,
                self.clock.read(),
                |born| self.stamps.joinable(born, key),
                || self.recall(region, key),
            );
            let seat = match boarding {
                Boarding::Seat(seat) => seat,
                Boarding::Hit(entry) => match self.hit(&entry, Source::L1) {
                    Some(hit) => return Ok(hit),
                    None => continue,
                },
            };
            match seat.wait(|| self.clock.read()).await {
                Turn::Detached => {}
                Turn::Landed(entry, source) => {
                    // Its tags were not known when we joined; they are now.
                    if entry.region == region.id
                        && self.stamps.alive(entry.born, key, &entry.tags)
                        && let Some(hit) = self.hit(&entry, source)
                    {
                        return Ok(hit);
                    }
                }
                Turn::Lead(_lead) => return self.lead(region, key, &seat, loader).await,
            }
        }
    }

    async fn lead<V, F, Fut, E>(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        seat: &Seat<'_>,
        loader: F,
    ) -> Result<Hit<V>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        let mut below = self.descend::<V>(region, std::slice::from_ref(key), true).await;
        seat.rejuvenate(below.born);
        let ticket = below.tickets.of(0);
        if let Some(found) = below.found.pop().flatten()
            && let Some(hit) = self.hit(&found.entry, found.source)
        {
            if self.land(key, seat, &found.entry, found.source) {
                self.promote(vec![(key.clone(), found, ticket)]).await;
            }
            return Ok(hit);
        }

        let failed = FailedUnlessDone::start(&region.counters);
        let cx = LoadContext::new(key.clone());
        let value = match self.holding(key, ticket, loader(cx.clone())).await {
            Ok(value) => Arc::new(value),
            Err(source) => return Err(LoadError::Loader { key: key.to_string(), source }),
        };
        failed.done();

        let said = cx.take();
        let ttl = said.ttl.unwrap_or(region.options.ttl).min(crate::ttl::LONGEST);
        let entry = self.entry(region, value.clone(), below.born, ttl, said.tags.into(), below.sure_until);
        if self.land(key, seat, &entry, Source::Loader) && self.is_layered() {
            match seal(region, key, &entry, value.as_ref()) {
                Ok(bytes) => self.fill_below(key, &entry, bytes, ticket).await,
                Err(_) => self.l1_counters.errors.add(1),
            }
        }
        Ok(Hit { value, source: Source::Loader, age: Duration::ZERO })
    }
}

/// Counts a load, and counts it failed if it ends in an error, a panic or a drop.
struct FailedUnlessDone<'a>(Option<&'a RegionCounters>);

impl<'a> FailedUnlessDone<'a> {
    fn start(counters: &'a RegionCounters) -> Self {
        counters.loads.add(1);
        Self(Some(counters))
    }

    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for FailedUnlessDone<'_> {
    fn drop(&mut self) {
        if let Some(counters) = self.0 {
            counters.load_failures.add(1);
        }
    }
}
