use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::fall_back::Old;
use super::reserve::Watch;
use super::voyage::Voyage;
use crate::entry::Answer;
use crate::error::LoadError;
use crate::options::LoadTimeouts;

pub(super) type Outcome<V, E> = Result<Answer<V>, LoadError<E>>;

/// What a wait came to.
pub(super) enum Ended<T> {
    With(T),
    /// An old value is there, and nobody waits for a new one now.
    HeldOff,
    /// An old value is there, and the soft timeout is over.
    Soft,
    Hard(Duration),
}

/// Waits until `poll` has an outcome, or whoever began to wait then is to wait no longer.
pub(super) async fn wait<T>(
    timeouts: &LoadTimeouts,
    began: Instant,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    old: impl Fn() -> Old,
) -> Ended<T> {
    let mut soft = pin!(timer(timeouts.soft.map(|wait| began + wait)));
    let mut hard = pin!(timer(timeouts.hard.map(|wait| began + wait)));
    let mut soft_over = false;
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = poll(cx) {
            return Poll::Ready(Ended::With(outcome));
        }
        soft_over = soft_over || (timeouts.soft.is_some() && soft.as_mut().poll(cx).is_ready());
        // An old value may turn up after the time is over.
        match old() {
            Old::HeldOff => return Poll::Ready(Ended::HeldOff),
            Old::Value if soft_over => return Poll::Ready(Ended::Soft),
            Old::Value | Old::Nothing => {}
        }
        match timeouts.hard {
            Some(limit) if hard.as_mut().poll(cx).is_ready() => Poll::Ready(Ended::Hard(limit)),
            _ => Poll::Pending,
        }
    })
    .await
}

async fn timer(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

impl Voyage {
    /// Runs the voyage in the caller's own future until it ends or a timeout does; `behind` is where it goes on then.
    pub(super) async fn attended<V, E, P>(&self, voyage: P, behind: Option<impl FnOnce(P)>) -> Outcome<V, E>
    where
        V: Send + Sync + 'static,
        P: Future<Output = Outcome<V, E>> + Unpin,
    {
        let began = Instant::now();
        let mut aboard = Aboard { voyage: Some(voyage), behind, watch: &self.watch };
        loop {
            let ended = wait(&self.region.options.timeouts, began, |cx| aboard.poll(cx), || self.old()).await;
            let held_off = matches!(ended, Ended::HeldOff);
            let (served, limit) = match ended {
                Ended::With(outcome) => return outcome,
                Ended::HeldOff => (self.serve_held_off(), None),
                Ended::Soft => (self.serve_old(), None),
                Ended::Hard(limit) => (self.serve_old(), Some(limit)),
            };
            if !held_off && (served.is_some() || limit.is_some()) {
                self.region.counters.timeouts.add(1);
            }
            match (served, limit) {
                (Some(answer), _) => return Ok(answer),
                (None, Some(limit)) => {
                    return Err(LoadError::TimedOut { key: self.key.to_string(), limit });
                }
                // It was invalidated just now.
                (None, None) => {}
            }
        }
    }
}

/// A voyage and what becomes of it when its caller leaves: what leads goes on behind, if it may.
struct Aboard<'a, P, B: FnOnce(P)> {
    voyage: Option<P>,
    behind: Option<B>,
    watch: &'a Watch,
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
