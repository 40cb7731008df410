use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::error::Fault;

/// Runs one call into a manager under a time limit; a panic comes back as a fault instead of unwinding through the pool.
pub(crate) async fn attempt<T, E>(
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault<E>> {
    let mut call = pin!(call);
    // A future that panicked is never polled again, so nothing half-done is seen.
    let contained = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
        Ok(poll) => poll.map_err(Fault::Failed),
        Err(panic) => Poll::Ready(Err(Fault::Panicked { message: message(&*panic) })),
    });
    tokio::time::timeout(limit, contained).await.unwrap_or(Err(Fault::TimedOut { after: limit }))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
