//! The attributes of `mainstay_resilience`.

mod arguments;
mod guarded;

pub(crate) use arguments::{Resilient, WithRetry};
