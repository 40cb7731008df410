use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::reserve::Watch;
use crate::entry::{Answer, Why};
use crate::error::LoadError;
use crate::inner::Inner;
use crate::region::RegionMeta;

pub(super) type Outcome<V, E> = Result<Answer<V>, LoadError<E>>;

/// Whoever waits for a voyage, and for how long.
pub(super) struct Attendant<'a> {
    pub(super) inner: &'a Inner,
    pub(super) region: &'a RegionMeta,
    pub(super) key: &'a Arc<str>,
    pub(super) watch: &'a Watch,
}

/// A voyage and what becomes of it when its caller leaves: what leads goes on behind, if it may.
struct Aboard<'a, P, B: FnOnce(P)> {
    voyage: Option<P>,
    behind: Option<B>,
    watch: &'a Watch,
}

enum Ended<T> {
    With(T),
    Soft,
    Hard(Duration),
}

impl Attendant<'_> {
    /// Runs the voyage in the caller's own future until it ends or a timeout does; `behind` is where it goes on then.
    pub(super) async fn attend<V, E, P>(self, voyage: P, behind: Option<impl FnOnce(P)>) -> Outcome<V, E>
    where
        V: Send + Sync + 'static,
        P: Future<Output = Outcome<V, E>> + Unpin,
    {
        let timeouts = &self.region.options.timeouts;
        let mut aboard = Aboard { voyage: Some(voyage), behind, watch: self.watch };
        let began = Instant::now();
        let mut soft = pin!(timer(timeouts.soft.map(|wait| began + wait)));
        let mut hard = pin!(timer(timeouts.hard.map(|wait| began + wait)));
        let mut soft_over = false;
        let ended = poll_fn(|cx| {
            if let Poll::Ready(outcome) = aboard.poll(cx) {
                return Poll::Ready(Ended::With(outcome));
            }
            // An old value may turn up after the time is over.
            soft_over = soft_over || (timeouts.soft.is_some() && soft.as_mut().poll(cx).is_ready());
            if soft_over && self.may_serve() {
                return Poll::Ready(Ended::Soft);
            }
            match timeouts.hard {
                Some(limit) if hard.as_mut().poll(cx).is_ready() => Poll::Ready(Ended::Hard(limit)),
                _ => Poll::Pending,
            }
        });
        let limit = match ended.await {
            Ended::With(outcome) => return outcome,
            Ended::Soft => None,
            Ended::Hard(limit) => Some(limit),
        };
        self.region.counters.timeouts.add(1);
        let served = self.serve();
        drop(aboard);
        match (served, limit) {
            (Some(answer), _) => Ok(answer),
            (None, limit) => {
                Err(LoadError::TimedOut { key: self.key.to_string(), limit: limit.unwrap_or_default() })
            }
        }
    }

    fn may_serve(&self) -> bool {
        let options = &self.region.options;
        self.watch.reserve().is_some_and(|reserve| {
            reserve.served(self.inner, self.key, options, Why::LoaderTimedOut).is_some()
        })
    }

    fn serve<V: Send + Sync + 'static>(&self) -> Option<Answer<V>> {
        let (options, why) = (&self.region.options, Why::LoaderTimedOut);
        let reserve = self.watch.reserve()?;
        let freshness = reserve.served(self.inner, self.key, options, why)?;
        reserve.hold_off(options, why);
        self.region.counters.served(freshness);
        self.inner.answer(&reserve.entry, reserve.source, freshness)
    }
}

async fn timer(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

impl<P: Future + Unpin, B: FnOnce(P)> Aboard<'_, P, B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<P::Output> {
        let voyage = self.voyage.as_mut().expect("it is taken out when this is dropped");
        let outcome = Pin::new(voyage).poll(cx);
        if outcome.is_ready() {
            self.voyage = None;
        }
        outcome
    }
}

impl<P, B: FnOnce(P)> Drop for Aboard<'_, P, B> {
    fn drop(&mut self) {
        if let (Some(voyage), Some(behind)) = (self.voyage.take(), self.behind.take())
            && self.watch.is_leading()
            // What panicked cannot go on.
            && !std::thread::panicking()
        {
            behind(voyage);
        }
    }
}

/// Goes on behind, if there is a runtime to do so.
pub(super) fn spawn<P>(voyage: P)
where
    P: Future<Output: Send> + Send + 'static,
{
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(voyage);
    }
}
