use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};
use tower_service::Service;

/// A service that keeps to the contract of readiness: it must be asked, takes its time, a clone is not ready because its
/// original is, and a call uses the readiness up. It answers the number of the call, or fails the first so many.
#[derive(Debug)]
pub(super) struct Picky {
    polls: u32,
    pending: u32,
    failing: u32,
    pub(super) calls: Arc<AtomicU32>,
}

impl Picky {
    /// Pending so many times each time before it is ready; fails the first so many calls.
    pub(super) fn new(pending: u32, failing: u32) -> Self {
        Self { polls: 0, pending, failing, calls: Arc::default() }
    }
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { polls: 0, pending: self.pending, failing: self.failing, calls: self.calls.clone() }
    }
}

impl Service<()> for Picky {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.polls > self.pending {
            return Poll::Ready(Ok(()));
        }
        self.polls += 1;
        if self.polls > self.pending {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(self.polls > self.pending, "called without being ready");
        self.polls = 0;
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        ready(if call <= self.failing { Err("down") } else { Ok(call) })
    }
}
