use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// Of a pause, or of an attempt's limit.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Sleeping,
    /// A pause of nothing: others get their turn, and the timer's granularity of a millisecond is not waited for.
    Yielding,
}

impl Timer {
    /// Begins to run, whatever it ran for before.
    pub(super) fn arm(&mut self, after: Duration) {
        if after.is_zero() {
            self.state = State::Yielding;
            return;
        }
        self.state = State::Sleeping;
        self.sleep = Some(Box::pin(tokio::time::sleep(after)));
    }

    pub(super) fn is_armed(&self) -> bool {
        self.state != State::Idle
    }

    /// Ready once it has run out, and when it is not armed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Idle => return Poll::Ready(()),
            State::Sleeping => {
                if let Some(sleep) = &mut self.sleep {
                    ready!(sleep.as_mut().poll(cx));
                }
                self.state = State::Idle;
            }
            State::Yielding => {
                self.state = State::Idle;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}
