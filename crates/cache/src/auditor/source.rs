use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::finding::Audited;

type Ask = dyn Fn(Audited) -> BoxFuture<'static, Option<u64>> + Send + Sync;

/// Where the truth is: the user's word for what version the source has of a key.
pub(super) struct Source {
    ask: Box<Ask>,
    timeout: Duration,
}

impl Source {
    pub(super) fn new<F, Fut>(ask: F, timeout: Duration) -> Self
    where
        F: Fn(Audited) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<u64>> + Send + 'static,
    {
        Self { ask: Box::new(move |of| ask(of).boxed()), timeout }
    }

    /// None if it does not know, or does not say in time; a panic is no answer either, and ends nothing but itself.
    pub(super) async fn version(&self, of: Audited) -> Option<u64> {
        let answer = AssertUnwindSafe(async { (self.ask)(of).await }).catch_unwind();
        tokio::time::timeout(self.timeout, answer).await.ok()?.ok()?
    }
}
