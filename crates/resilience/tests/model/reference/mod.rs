//! What the policies should do, written down without a thought for speed or for other threads.

mod breaker;

pub(crate) use breaker::{Answer, Breaker, Permit};
