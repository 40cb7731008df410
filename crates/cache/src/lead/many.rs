//! Many keys at once: one round trip a layer, one batch of what is missing, and the flights of others joined.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::attend_many::{Answers, attended};
use super::begin::Begin;
use super::loading::FailedUnlessDone;
use super::refresh::Refreshing;
use super::voyage::Voyage;
use crate::descend::{Errand, Found};
use crate::entry::{Answer, Freshness, Hit, Moment, Source, Why};
use crate::error::LoadError;
use crate::fill::item;
use crate::flight::{Boarding, Seat, Turn};
use crate::inner::Inner;
use crate::load::{LoadContext, Loaded};
use crate::region::RegionMeta;
use crate::trace;

/// A key that a batch loader is asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Missing<'k, K: ?Sized> {
    /// The key.
    pub key: &'k K,
    /// What the loader may ask and say about its value.
    pub cx: LoadContext,
}

/// One key of the many on its way.
struct Passage {
    at: usize,
    voyage: Voyage,
    refreshing: Option<Refreshing>,
}

impl Inner {
    /// `batch` is asked for keys by their place, several times if loads of others on which this call waited have failed.
    ///
    /// It never waits for another's flight while it leads one, so two batches of the same keys cannot wait for each other.
    pub(crate) async fn read_or_load_many<V, L, F, Fut, E>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        keys: &[Arc<str>],
        mut batch: F,
    ) -> Result<Vec<Option<Hit<V>>>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnMut(Vec<(usize, LoadContext)>) -> Fut,
        Fut: Future<Output = Result<Vec<L>, E>>,
    {
        let began = Instant::now();
        let mut answers: Answers<V> = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let answer = self.known(region, key, at, &mut missing);
            answers.push(answer);
        }
        region.counters.hits.add((keys.len() - missing.len()) as u64);
        region.counters.misses.add(missing.len() as u64);
        if !missing.is_empty() {
            let waiting: Vec<_> = missing.iter().map(|own| (own.at, own.voyage.clone())).collect();
            let shared = Mutex::new(answers);
            let load = async {
                while !missing.is_empty() {
                    missing = self.round(region, missing, &mut batch, &shared).await?;
                }
                Ok(())
            };
            attended(&region.options.timeouts, began, load, &waiting, &shared).await?;
            answers = shared.into_inner();
        }
        Ok(answers.into_iter().map(|answer| answer.and_then(Answer::into_hit)).collect())
    }

    fn known<V: Serialize + Send + Sync + 'static>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        key: &Arc<str>,
        at: usize,
        missing: &mut Vec<Passage>,
    ) -> Option<Answer<V>> {
        if let Some(answer) = self.ask(region, key) {
            return Some(answer);
        }
        let mut voyage = Voyage::new(self, region, key.clone());
        let mut refreshing = None;
        match self.begin(region, key) {
            Begin::Answer(answer) => {
                self.prolong_recalled(region, key);
                return Some(answer);
            }
            Begin::Refresh(entry, answer) => {
                let right = Refreshing::of(&entry);
                if matches!(&answer, Answer::Hit(hit) if !hit.freshness.is_stale()) {
                    self.prolong_recalled(region, key);
                    return Some(answer);
                }
                voyage.replacing = Some(entry);
                refreshing = Some(right);
            }
            Begin::Load => {}
        }
        missing.push(Passage { at, voyage, refreshing });
        None
    }

    /// Loads what nobody else loads, then waits for what others do. Answers what neither gave.
    async fn round<V, L, F, Fut, E>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        missing: Vec<Passage>,
        batch: &mut F,
        answers: &Mutex<Answers<V>>,
    ) -> Result<Vec<Passage>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnMut(Vec<(usize, LoadContext)>) -> Fut,
        Fut: Future<Output = Result<Vec<L>, E>>,
    {
        let mut aboard: Vec<(Passage, Seat<'_>)> = Vec::with_capacity(missing.len());
        for passage in missing {
            let voyage = &passage.voyage;
            let boarding = self.stripes.board(
                &voyage.key,
                self.departure(),
                |flight| self.may_join(flight, &voyage.key),
                || voyage.landed_meanwhile(),
            );
            match boarding {
                Boarding::Hit(entry) => {
                    answers.lock()[passage.at] = self.answer(&entry, Source::L1, Freshness::Fresh);
                }
                Boarding::Seat(seat) => {
                    voyage.look_for_reserve(&seat);
                    aboard.push((passage, seat));
                }
            }
        }
        let (mut led, mut joined, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for (n, (passage, seat)) in aboard.iter().enumerate() {
            // Unconstrained: a budget that is spent must not look like a flight that another leads.
            let turn = tokio::task::unconstrained(seat.wait(|| self.departure())).now_or_never();
            match turn {
                Some(Turn::Lead(lead)) => led.push((n, lead)),
                Some(Turn::Landed(entry, source)) => match passage.voyage.landed(&entry, source) {
                    Some(answer) => answers.lock()[passage.at] = Some(answer),
                    None => again.push(n),
                },
                Some(Turn::Detached) => again.push(n),
                None => joined.push(n),
            }
        }
        if led.is_empty() {
            drop(led);
        } else {
            self.lead_many(region, &aboard, led, batch, answers).await?;
        }
        for n in joined {
            let (Passage { at, voyage, .. }, seat) = &aboard[n];
            match seat.wait(|| self.departure()).await {
                Turn::Landed(entry, source) => match voyage.landed(&entry, source) {
                    Some(answer) => answers.lock()[*at] = Some(answer),
                    None => again.push(n),
                },
                // The lead is passed on at once: it would be held while others are waited for.
                Turn::Lead(_) | Turn::Detached => again.push(n),
            }
        }
        let mut left = Vec::with_capacity(again.len());
        for (n, (passage, seat)) in aboard.into_iter().enumerate() {
            drop(seat);
            if again.contains(&n) {
                left.push(passage);
            }
        }
        Ok(left)
    }

    async fn lead_many<V, L, F, Fut, E>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        aboard: &[(Passage, Seat<'_>)],
        led: Vec<(usize, SemaphorePermit<'_>)>,
        batch: &mut F,
        answers: &Mutex<Answers<V>>,
    ) -> Result<(), LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        L: Into<Loaded<V>>,
        F: FnMut(Vec<(usize, LoadContext)>) -> Fut,
        Fut: Future<Output = Result<Vec<L>, E>>,
    {
        let keys: Vec<Arc<str>> = led.iter().map(|(n, _)| aboard[*n].0.voyage.key.clone()).collect();
        let older: Vec<Moment> = led.iter().map(|(n, _)| aboard[*n].0.voyage.older_than()).collect();
        let mut below = self.descend::<V>(region, &keys, Errand::Load(&older)).await;
        let (mut promoted, mut loading) = (Vec::new(), Vec::new());
        for (m, (n, _)) in led.iter().enumerate() {
            let (Passage { at, voyage, .. }, seat) = &aboard[*n];
            seat.rejuvenate(below.born);
            if let Some(found) = below.found[m].take()
                && let Some(answer) =
                    self.answer_at(found.seen_ms, &found.entry, found.source, Freshness::Fresh)
            {
                self.prolong(region, &voyage.key, &found.entry, true);
                if self.land(region, &voyage.key, seat, &found.entry, found.source) {
                    promoted.push((voyage.key.clone(), found, below.tickets.of(m)));
                }
                answers.lock()[*at] = Some(answer);
                continue;
            }
            if let Some(Found { entry, source, .. }) = below.stale[m].take() {
                voyage.watch.offer(entry, source);
            }
            match voyage.held_off() {
                Some(why) if let Some(old) = voyage.fall_back(seat, why) => answers.lock()[*at] = Some(old),
                _ => loading.push((*n, below.tickets.of(m))),
            }
        }
        self.promote(region, promoted).await;
        if loading.is_empty() {
            return Ok(());
        }

        let fall_back = |why: Why, error: LoadError<E>| {
            for (n, _) in &loading {
                let (Passage { at, voyage, refreshing }, seat) = &aboard[*n];
                match voyage.fall_back(seat, why) {
                    Some(old) => answers.lock()[*at] = Some(old),
                    None => return Err(error),
                }
                if let Some(refreshing) = refreshing {
                    refreshing.failed(&region.options);
                }
            }
            Ok(())
        };
        let first = aboard[loading[0].0].0.voyage.key.to_string();
        let _place = match self.budget.enter(1).await {
            Ok(place) => place,
            Err(retry_after) => {
                region.counters.budget_exhausted.add(1);
                let error = LoadError::BudgetExhausted { key: first, retry_after };
                return fall_back(Why::BudgetExhausted, error);
            }
        };
        let failed = FailedUnlessDone::start(&self.name, region);
        let mut contexts = Vec::with_capacity(loading.len());
        for (n, ticket) in &loading {
            let Passage { at, voyage, .. } = &aboard[*n].0;
            contexts.push((*at, voyage.context(*ticket)));
        }
        let leases: Vec<_> = loading.iter().map(|(n, ticket)| (&*aboard[*n].0.voyage.key, *ticket)).collect();
        let began = Instant::now();
        let load = batch(contexts.clone());
        let load = trace::load(&self.name, region.name(), loading.len(), &first, load);
        let values = match self.holding(&leases, load).await {
            Ok(values) => values,
            Err(source) => return fall_back(Why::LoaderFailed, LoadError::Loader { key: first, source }),
        };
        if values.len() != loading.len() {
            return Err(LoadError::BatchLength { wanted: loading.len(), given: values.len() });
        }
        failed.done();

        let (mut items, mut tokens, mut epoch, mut over) = (Vec::new(), Vec::new(), 0, Vec::new());
        for (((n, ticket), value), (_, cx)) in loading.iter().zip(values).zip(contexts) {
            let (Passage { at, voyage, .. }, seat) = &aboard[*n];
            let (entry, bytes, answer) =
                voyage.take_in(value.into(), &cx, below.born, below.sure_until, began.elapsed())?;
            if self.land(region, &voyage.key, seat, &entry, Source::Loader)
                && let Some(bytes) = bytes
            {
                items.push(item(&voyage.key, &entry, bytes.into()));
                tokens.push(ticket.map(|ticket| ticket.token));
                epoch = ticket.map_or(epoch, |ticket| ticket.epoch);
            }
            if voyage.leaves_old(&entry) {
                over.push(voyage.key.clone());
            }
            answers.lock()[*at] = Some(answer);
        }
        if !items.is_empty() {
            self.fill_below_many(region, epoch, items, tokens).await;
        }
        if !over.is_empty() {
            let _ = self.invalidate_keys(over, 0).await;
        }
        Ok(())
    }
}
