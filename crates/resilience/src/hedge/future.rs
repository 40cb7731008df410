use super::{Hedge, copies::Copies};
use crate::{
    Attempt, Classify, Idempotent, Operation, Verdict,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

pin_project! {
    /// A call under a [`Hedge`].
    ///
    /// # Cancel safety
    /// Dropping it drops the call and all its copies; nothing else is held. When one answers, the others are dropped before
    /// the answer is given.
    #[allow(missing_debug_implementations, reason = "holds futures of the user's")]
    pub struct HedgeFuture<'p, Op: Operation, C, O> {
        policy: &'p Hedge<C, O>,
        op: Op,
        attempt: Attempt,
        // None once it has failed.
        #[pin]
        original: Option<Op::Future>,
        copies: Copies<Op::Future>,
        // When the call first had to wait, or failed.
        began: Option<Instant>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<'p, Op: Operation, C, O> HedgeFuture<'p, Op, C, O> {
    #[inline]
    pub(super) fn new(policy: &'p Hedge<C, O>, op: Op, attempt: Attempt) -> Self {
        let attempt = policy.budget.as_ref().map_or(attempt, |budget| budget.count_call(attempt));
        let original = Some(op.start(attempt));
        Self { policy, op, attempt, original, copies: Copies::default(), began: None, timer: None }
    }
}

impl<Op, C, O> Future for HedgeFuture<'_, Op, C, O>
where
    Op: Idempotent,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = self.as_mut().project();
            let (winner, outcome) = match this.original.as_pin_mut().map(|original| original.poll(cx)) {
                Some(Poll::Ready(outcome)) => (0, outcome),
                Some(Poll::Pending) | None => match self.as_mut().poll_copies(cx) {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => return Poll::Pending,
                },
            };
            let verdict = self.policy.classifier.classify(outcome.as_ref());
            if verdict != Verdict::Failure {
                if self.began.is_some() {
                    self.as_mut().won(winner);
                }
                self.policy.observer.on(&self.policy.id, Event::Ended(verdict));
                return Poll::Ready(outcome);
            }
            // Boxed: so that the way of a failure does not keep the outcome of every call out of registers.
            if let Some(last) = self.as_mut().failed(winner, Box::new(outcome)) {
                return Poll::Ready(*last);
            }
        }
    }
}

impl<Op, C, O> HedgeFuture<'_, Op, C, O>
where
    Op: Idempotent,
    O: Observer,
{
    /// The original is not ready: starts copies when it is time, and polls those that run.
    #[cold]
    #[inline(never)]
    fn poll_copies(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(u16, Outcome<Op>)> {
        if self.began.is_none() {
            self.as_mut().await_next(Instant::now());
        }
        loop {
            let mut this = self.as_mut().project();
            if let Poll::Ready(outcome) = this.copies.poll(cx) {
                return Poll::Ready(outcome);
            }
            let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
            if timer.poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.timer.set(None);
            if self.as_mut().start_copy() {
                self.as_mut().await_next(Instant::now());
            }
        }
    }

    /// Arms the timer of the next copy, if there may be one; without a delay all start now.
    fn await_next(self: Pin<&mut Self>, now: Instant) {
        let mut this = self.project();
        this.began.get_or_insert(now);
        let config = this.policy.config.read();
        if config.only_after_failure || u32::from(this.copies.started()) >= config.max_copies {
            return;
        }
        let delay = this.policy.delay();
        if !delay.is_zero() {
            // A delay beyond all time is none that ends.
            this.timer.set(now.checked_add(delay).map(tokio::time::sleep_until));
            return;
        }
        drop(config);
        while start_copy(this.policy, this.op, this.copies, *this.attempt, *this.began) {}
    }

    fn start_copy(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        start_copy(this.policy, this.op, this.copies, *this.attempt, *this.began)
    }

    /// One answered; the others are dropped.
    #[cold]
    #[inline(never)]
    fn won(self: Pin<&mut Self>, winner: u16) {
        let mut this = self.project();
        if winner != 0 {
            this.original.set(None);
        }
        this.copies.drop_all();
        if this.copies.started() > 0 {
            let counts = &this.policy.counts;
            let won = if winner == 0 { &counts.won_by_call } else { &counts.won_by_copy };
            won.increment();
            this.policy.observer.on(&this.policy.id, Event::HedgeWon(winner.into()));
        }
        if let Some(began) = *this.began
            && this.policy.delay.is_learnt()
        {
            this.policy.delay.observe(began.elapsed());
        }
    }

    /// One failed: the call's outcome, if none runs and none will be started.
    #[cold]
    #[inline(never)]
    fn failed(mut self: Pin<&mut Self>, which: u16, outcome: Box<Outcome<Op>>) -> Option<Box<Outcome<Op>>> {
        let mut this = self.as_mut().project();
        if which == 0 {
            this.original.set(None);
        }
        if this.original.is_some() || !this.copies.is_empty() {
            return None;
        }
        // Nothing runs: to wait out the delay would be to wait for nothing.
        this.timer.set(None);
        let now = Instant::now();
        this.began.get_or_insert(now);
        if self.as_mut().start_copy() {
            self.await_next(now);
            return None;
        }
        if self.copies.started() > 0 {
            self.policy.counts.failed.increment();
        }
        self.policy.observer.on(&self.policy.id, Event::Ended(Verdict::Failure));
        Some(outcome)
    }
}

/// Starts another copy of a call that began then, if there may be one.
fn start_copy<Op: Idempotent, C, O: Observer>(
    policy: &Hedge<C, O>,
    op: &Op,
    copies: &mut Copies<Op::Future>,
    attempt: Attempt,
    began: Option<Instant>,
) -> bool {
    let attempt = attempt.after(began.map_or(Duration::ZERO, |began| began.elapsed()));
    let config = policy.config.read();
    if copies.are_refused() || u32::from(copies.started()) >= config.max_copies || attempt.is_out_of_time() {
        return false;
    }
    if config.shadow || !policy.is_affordable() {
        if config.shadow {
            policy.counts.would_hedge.increment();
            policy.observer.on(&policy.id, Event::WouldAct);
        }
        copies.refuse();
        return false;
    }
    drop(config);
    let number = copies.start(op, attempt);
    if number == 1 {
        policy.counts.hedged.increment();
    }
    policy.counts.copies.increment();
    policy.observer.on(&policy.id, Event::Hedged(number.into()));
    true
}

impl<C, O: Observer> Hedge<C, O> {
    /// Whether the budget, if there is one, pays for a copy.
    fn is_affordable(&self) -> bool {
        let granted = self.budget.as_ref().is_none_or(|budget| budget.grant());
        if !granted {
            self.counts.refused.increment();
            self.observer.on(&self.id, Event::BudgetSpent);
        }
        granted
    }
}
