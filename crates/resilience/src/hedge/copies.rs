use crate::{Attempt, Operation};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The copies that run beside a call, at most ten.
///
/// Each has a box of its own, made when a call is slow enough to be copied: slots in the call's future would be carried by
/// all the calls that are not. For ten at most, polling each is cheaper than the bookkeeping of who was woken.
pub(super) struct Copies<F> {
    running: Vec<(u16, Pin<Box<F>>)>,
    started: u16,
    refused: bool,
}

impl<F> Default for Copies<F> {
    fn default() -> Self {
        Self { running: Vec::new(), started: 0, refused: false }
    }
}

impl<F: Future> Copies<F> {
    pub(super) fn start(&mut self, op: &impl Operation<Future = F>, attempt: Attempt) -> u16 {
        self.started += 1;
        self.running.push((self.started, Box::pin(op.start(attempt.copied(self.started)))));
        self.started
    }

    /// How many were started, whether they run or not.
    pub(super) fn started(&self) -> u16 {
        self.started
    }

    /// None was allowed when one was wanted: the call goes on without, and asks no more.
    pub(super) fn refuse(&mut self) {
        self.refused = true;
    }

    pub(super) fn are_refused(&self) -> bool {
        self.refused
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The first that is ready, with its number; it runs no more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(u16, F::Output)> {
        for at in 0..self.running.len() {
            let (number, copy) = &mut self.running[at];
            if let Poll::Ready(outcome) = copy.as_mut().poll(cx) {
                let number = *number;
                drop(self.running.swap_remove(at));
                return Poll::Ready((number, outcome));
            }
        }
        Poll::Pending
    }

    pub(super) fn drop_all(&mut self) {
        self.running.clear();
    }
}
