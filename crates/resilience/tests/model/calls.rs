use std::{
    cell::Cell,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What an operation will do when it is next polled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Next {
    Wait,
    Succeed,
    Fail,
    FailIgnored,
    Panic,
}

/// What a planned panic carries, so that it can be told from a failed assertion.
pub(crate) struct Planned;

/// The error of a failing operation; `true` where it is to be ignored.
pub(crate) type Failed = bool;

/// An operation that does as it is told, and says whether it has been started.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) next: Rc<Cell<Next>>,
    pub(crate) starts: Rc<Cell<u32>>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self { next: Rc::new(Cell::new(Next::Wait)), starts: Rc::default() }
    }

    pub(crate) fn start(&self) -> impl Future<Output = Result<(), Failed>> + use<> {
        self.starts.set(self.starts.get() + 1);
        let next = self.next.clone();
        poll_fn(move |_| match next.get() {
            Next::Wait => Poll::Pending,
            Next::Succeed => Poll::Ready(Ok(())),
            Next::Fail => Poll::Ready(Err(false)),
            Next::FailIgnored => Poll::Ready(Err(true)),
            Next::Panic => std::panic::panic_any(Planned),
        })
    }
}

/// What a poll came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Polled<T> {
    Pending,
    Ready(T),
    Panicked,
}

/// Polls a call once; one that panicked is to be dropped.
pub(crate) fn poll<T>(call: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> Polled<T> {
    let mut cx = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut cx))) {
        Ok(Poll::Pending) => Polled::Pending,
        Ok(Poll::Ready(value)) => Polled::Ready(value),
        Err(panic) if panic.is::<Planned>() => Polled::Panicked,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
