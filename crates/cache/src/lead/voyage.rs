use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::attend::{Outcome, spawn};
use super::loading::FailedUnlessDone;
use super::refresh::Refreshing;
use super::reserve::Watch;
use crate::descend::{Errand, Found};
use crate::entry::{Answer, Entry, Freshness, Moment, Source, Why};
use crate::error::LoadError;
use crate::flight::{Boarding, Seat, Turn};
use crate::inner::Inner;
use crate::life::Stage;
use crate::load::{LoadContext, Loaded};
use crate::region::RegionMeta;
use crate::trace;

/// A read that goes on to the layers below and the loader. It owns all it needs, so that it can go on behind its caller, who
/// keeps a clone to see what becomes of it.
#[derive(Clone)]
pub(crate) struct Voyage {
    pub(crate) inner: Arc<Inner>,
    pub(crate) region: Arc<RegionMeta>,
    pub(crate) key: Arc<str>,
    pub(crate) watch: Arc<Watch>,
    /// The entry that is to be loaded anew, though it may still be served.
    pub(crate) replacing: Option<Arc<Entry>>,
    reader: Reader,
}

/// Who is to get what the voyage ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A caller, who waits for whatever load there is.
    Waits,
    /// A caller, who is served what is found below past its soft time; that is then loaded anew behind everybody: by a loader that
    /// owns what it needs, where memory keeps the old value meanwhile.
    IsServed,
    /// Nobody: who asked has been served.
    Nobody,
}

/// How leading a flight ends.
enum Led<V, F> {
    With(Answer<V>),
    /// It is time to load this anew, by the loader that was not called.
    Due(Arc<Entry>, Answer<V>, F),
}

impl Voyage {
    pub(crate) fn new(inner: &Arc<Inner>, region: &Arc<RegionMeta>, key: Arc<str>) -> Self {
        let (inner, region) = (inner.clone(), region.clone());
        Self { inner, region, key, watch: Arc::default(), replacing: None, reader: Reader::Waits }
    }

    /// Runs in the caller's own future for as long as the caller waits, then behind, if the options allow it.
    pub(crate) async fn owned<V, L, F, Fut, E>(self, loader: F) -> Outcome<V, E>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        let layers = &self.region.options.layers;
        let keeps = layers.reads(Source::L1) && layers.writes(Source::L1);
        let reader = if keeps { Reader::IsServed } else { Reader::Waits };
        let voyage = Self { reader, ..self.clone() };
        let background = self.region.options.timeouts.background;
        self.attended(Box::pin(voyage.run_and_renew(loader)), background.then_some(spawn)).await
    }

    /// Runs in the caller's own future and ends with it.
    pub(crate) async fn borrowed<V, L, F, Fut, E>(self, loader: F) -> Outcome<V, E>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        self.attended(Box::pin(self.clone().run_alone(loader)), None::<fn(_)>).await
    }

    /// Loads anew what is still served, behind everybody. The right to was claimed.
    pub(crate) fn refresh<V, L, F, Fut, E>(mut self, entry: Arc<Entry>, loader: F)
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        let refreshing = Refreshing::of(&entry);
        (self.replacing, self.reader) = (Some(entry), Reader::Nobody);
        let region = self.region.clone();
        region.counters.refreshes.add(1);
        tokio::spawn(async move {
            if self.run_alone::<V, L, F, Fut, E>(loader).await.is_err() {
                refreshing.failed(&region.options);
            }
        });
    }

    /// The same in the caller's own future, for a loader that borrows.
    pub(crate) async fn refresh_borrowed<V, L, F, Fut, E>(
        mut self,
        entry: Arc<Entry>,
        loader: F,
    ) -> Outcome<V, E>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        let (refreshing, region) = (Refreshing::of(&entry), self.region.clone());
        self.replacing = Some(entry);
        let outcome = self.borrowed(loader).await;
        if outcome.is_err() {
            refreshing.failed(&region.options);
        }
        outcome
    }

    async fn run_and_renew<V, L, F, Fut, E>(self, loader: F) -> Outcome<V, E>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        let behind = Self::new(&self.inner, &self.region, self.key.clone());
        match self.run(loader).await? {
            Led::With(answer) => Ok(answer),
            Led::Due(entry, answer, loader) => {
                behind.refresh(entry, loader);
                Ok(answer)
            }
        }
    }

    async fn run_alone<V, L, F, Fut, E>(self, loader: F) -> Outcome<V, E>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        match self.run(loader).await? {
            Led::With(answer) | Led::Due(_, answer, _) => Ok(answer),
        }
    }

    async fn run<V, L, F, Fut, E>(self, loader: F) -> Result<Led<V, F>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        let Self { inner, key, .. } = &self;
        loop {
            let boarding = inner.stripes.board(
                key,
                inner.departure(),
                |flight| inner.may_join(flight, key),
                || self.landed_meanwhile(),
            );
            let seat = match boarding {
                Boarding::Seat(seat) => seat,
                Boarding::Hit(entry) => match inner.answer(&entry, Source::L1, Freshness::Fresh) {
                    Some(answer) => return Ok(Led::With(answer)),
                    None => continue,
                },
            };
            self.look_for_reserve(&seat);
            match seat.wait(|| inner.departure()).await {
                Turn::Detached => {}
                Turn::Landed(entry, source) => {
                    if let Some(answer) = self.landed(&entry, source) {
                        return Ok(Led::With(answer));
                    }
                }
                Turn::Lead(_lead) => {
                    self.watch.lead();
                    return self.lead(&seat, loader).await;
                }
            }
        }
    }

    fn renews(&self) -> bool {
        self.reader == Reader::IsServed
    }

    pub(super) fn is_read(&self) -> bool {
        self.reader != Reader::Nobody
    }

    fn count(&self, freshness: Freshness) {
        if self.is_read() {
            self.region.counters.served(freshness);
        }
    }

    pub(super) fn older_than(&self) -> Moment {
        self.replacing.as_ref().map_or((0, 0), |entry| entry.moment())
    }

    /// Somebody landed between this caller's look at memory and its turn.
    pub(super) fn landed_meanwhile(&self) -> Option<Arc<Entry>> {
        let recalled = self.inner.examine(&self.region, &self.key)?;
        let fresh = matches!(recalled.stage, Stage::Fresh | Stage::Due);
        let same = self.replacing.as_ref().is_some_and(|own| Arc::ptr_eq(own, &recalled.entry));
        (fresh && !same).then_some(recalled.entry)
    }

    /// What the flight ended with, for who waited for it.
    pub(super) fn landed<V: Send + Sync + 'static>(
        &self,
        entry: &Entry,
        source: Source,
    ) -> Option<Answer<V>> {
        let now = Instant::now();
        let freshness = match (entry.stage(now), entry.held_off(now)) {
            (Stage::Stale, why) => Freshness::Stale { why: why.unwrap_or(Why::Refreshing) },
            // Another caller's fail-safe is not everybody's.
            (Stage::Reserve, Some(_)) if self.region.options.fail_safe.is_none() => return None,
            (Stage::Reserve | Stage::Dead, Some(why)) => Freshness::Stale { why },
            _ => Freshness::Fresh,
        };
        self.count(freshness);
        // Its tags were not known when we joined; they are now.
        let alive = self.inner.stamps.alive(entry.born, &self.key, &entry.tags);
        if entry.region == self.region.id && alive {
            self.inner.answer(entry, source, freshness)
        } else {
            None
        }
    }

    async fn lead<V, L, F, Fut, E>(&self, seat: &Seat<'_>, loader: F) -> Result<Led<V, F>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        let Self { inner, region, key, watch, .. } = self;
        // Whoever led before us may have failed: then nobody tries again for a while.
        if let Some(why) = self.held_off()
            && let Some(answer) = self.fall_back(seat, why)
        {
            return Ok(Led::With(answer));
        }
        let older = [self.older_than()];
        let errand = if self.renews() { Errand::Renew(&older) } else { Errand::Load(&older) };
        let mut below = inner.descend::<V>(region, std::slice::from_ref(key), errand).await;
        seat.rejuvenate(below.born);
        let ticket = below.tickets.of(0);
        if let Some(found) = below.found.pop().flatten()
            && let Some(answer) =
                inner.answer_at(found.seen_ms, &found.entry, found.source, found.freshness())
        {
            #[cfg(all(test, feature = "redis"))]
            let _ = crate::hold::at(crate::hold::Point::Land).await;
            inner.prolong(region, key, &found.entry, true);
            self.count(found.freshness());
            let (entry, stage) = (found.entry.clone(), found.stage);
            let kept = inner.land(region, key, seat, &entry, found.source);
            if kept {
                inner.promote(region, vec![(key.clone(), found, ticket)]).await;
            }
            if kept && self.renews() && entry.claim_refresh(stage, Instant::now()) {
                return Ok(Led::Due(entry, answer, loader));
            }
            return Ok(Led::With(answer));
        }
        if let Some(Found { entry, source, .. }) = below.stale.pop().flatten() {
            watch.offer(entry, source);
        }

        let _place = match inner.budget.enter(1).await {
            Ok(place) => place,
            Err(retry_after) => {
                region.counters.budget_exhausted.add(1);
                return self
                    .fall_back(seat, Why::BudgetExhausted)
                    .map(Led::With)
                    .ok_or_else(|| LoadError::BudgetExhausted { key: key.to_string(), retry_after });
            }
        };
        let failed = FailedUnlessDone::start(&inner.name, region);
        let cx = self.context(ticket);
        let began = Instant::now();
        let load = trace::load(&inner.name, region.name(), 1, key, loader(cx.clone()));
        let loaded = match inner.holding(&[(key, ticket)], load).await {
            Ok(loaded) => loaded.into(),
            Err(source) => {
                return self
                    .fall_back(seat, Why::LoaderFailed)
                    .map(Led::With)
                    .ok_or_else(|| LoadError::Loader { key: key.to_string(), source });
            }
        };
        failed.done();
        let (entry, bytes, answer) =
            self.take_in(loaded, &cx, below.born, below.sure_until, began.elapsed())?;
        #[cfg(all(test, feature = "redis"))]
        let _ = crate::hold::at(crate::hold::Point::Land).await;
        if inner.land(region, key, seat, &entry, Source::Loader)
            && let Some(bytes) = bytes
        {
            inner.fill_below(region, key, &entry, bytes, ticket).await;
        }
        if self.leaves_old(&entry) {
            let _ = inner.invalidate_keys(vec![key.clone()], 0).await;
        }
        Ok(Led::With(answer))
    }
}
