use super::{
    Place, Priority,
    label::Tally,
    line::{Ticket, Turn},
    places::{Entry, Places},
};
use crate::ShedReason;
use std::{
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// A call's stay in line, if it has to stand there. Dropped, it gives up its ticket, and passes on a place that was
/// granted unseen.
///
/// Boxed, so that the way of a call that need not wait is the shorter for it, and dropped by hand, so that the end of
/// such a call is one look.
#[derive(Debug, Default)]
pub(crate) struct Queueing<'p>(ManuallyDrop<Option<Box<Waiting<'p>>>>);

#[derive(Debug)]
struct Waiting<'p> {
    places: &'p Places,
    tally: Option<&'p Tally>,
    /// Taken once its turn has come, or will not come.
    ticket: Option<Ticket>,
    since: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

/// How a call came by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It found one free.
    AtOnce,
    /// It waited for one.
    Waited(Duration),
    /// There was none, and shadow mode let it in all the same.
    OverLimit { would_reject: bool },
}

/// Why a call was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its caller's deadline has passed.
    OutOfTime,
    /// No place, and none in line, where so many stood.
    Full { queued: usize },
    /// It waited for as long as it may.
    TooLong { queued: usize, waited: Duration },
    /// It was taken out of the line.
    Shed(ShedReason),
}

impl<'p> Queueing<'p> {
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.is_some()
    }

    /// Takes a place, or waits in line for one, no longer than `queue_timeout`.
    pub(crate) fn poll_enter(
        &mut self,
        cx: &mut Context<'_>,
        places: &'p Places,
        tally: Option<&'p Tally>,
        priority: Priority,
        queue_timeout: impl FnOnce() -> Option<Duration>,
    ) -> Poll<Result<(Place<'p>, Admission), Refusal>> {
        if self.0.is_none() {
            let since = Instant::now();
            let admission = match places.enter(priority, since, cx.waker()) {
                Entry::Entered => Admission::AtOnce,
                Entry::OverLimit { would_reject } => Admission::OverLimit { would_reject },
                Entry::Full { queued } => return Poll::Ready(Err(Refusal::Full { queued })),
                Entry::Queued(ticket) => {
                    if let Some(tally) = tally {
                        Tally::add(&tally.queued);
                    }
                    // Kept before anything else can panic, so that the ticket is given up then.
                    let waiting = Waiting { places, tally, ticket: Some(ticket), since, timer: None };
                    let waiting = self.0.insert(Box::new(waiting));
                    waiting.timer = queue_timeout().map(|timeout| Box::pin(tokio::time::sleep(timeout)));
                    return self.poll_turn(cx);
                }
            };
            return Poll::Ready(Ok((Place::taken(places, tally), admission)));
        }
        self.poll_turn(cx)
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Place<'p>, Admission), Refusal>> {
        let Some(waiting) = self.0.as_mut() else { return Poll::Pending };
        let outcome = ready!(waiting.poll_turn(cx));
        self.clear();
        Poll::Ready(outcome)
    }

    #[cold]
    fn clear(&mut self) {
        drop(ManuallyDrop::into_inner(mem::take(&mut self.0)));
    }
}

impl Drop for Queueing<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_waiting() {
            self.clear();
        }
    }
}

impl<'p> Waiting<'p> {
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Place<'p>, Admission), Refusal>> {
        if let Some(ticket) = &self.ticket {
            match self.places.turn(ticket, cx.waker()) {
                Turn::Waits => {}
                Turn::Granted => {
                    self.ticket = None;
                    let place = Place::taken(self.places, self.tally);
                    return Poll::Ready(Ok((place, Admission::Waited(self.since.elapsed()))));
                }
                Turn::Shed(reason) => {
                    self.ticket = None;
                    return Poll::Ready(Err(Refusal::Shed(reason)));
                }
            }
        }
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        ready!(timer.as_mut().poll(cx));
        let waited = self.since.elapsed();
        if let Some(ticket) = self.ticket.take() {
            self.places.give_up(&ticket);
        }
        Poll::Ready(Err(Refusal::TooLong { queued: self.places.counts().queued, waited }))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(tally) = self.tally {
            Tally::take(&tally.queued);
        }
        if let Some(ticket) = &self.ticket {
            self.places.give_up(ticket);
        }
    }
}
