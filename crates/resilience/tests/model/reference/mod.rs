//! What the policies should do, written down without a thought for speed or for other threads.

mod breaker;
mod bulkhead;
mod retry;

pub(crate) use breaker::{Answer, Breaker, Permit};
pub(crate) use bulkhead::{Bulkhead, Turn};
pub(crate) use retry::{Comes, Does, Series};
