#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod attempt;
mod call;
mod classify;
mod config_error;
mod error;
mod failure;
mod future_ext;
mod live;
mod operation;
mod policy;
mod sync;
mod verdict;

pub mod adaptive;
pub mod breaker;
pub mod bulkhead;
pub mod pipeline;
pub mod retry;
pub mod telemetry;
pub mod timeout;

pub use adaptive::{AdaptiveConfig, AdaptiveLimit};
pub use attempt::Attempt;
pub use breaker::{BreakerConfig, CircuitBreaker};
pub use bulkhead::{Bulkhead, BulkheadConfig};
pub use call::{Call, CallWith, Lift, PolicyExt};
pub use classify::{ByError, Classify, Failures, Retryable};
pub use config_error::{ConfigError, ConfigProblem};
pub use error::{Error, ShedReason, StoppedBy};
pub use failure::FailureKind;
pub use future_ext::{FutureExt, Once, StartsOnce};
pub use operation::{AssertIdempotent, Idempotent, Nested, Operation, Outcome};
pub use pipeline::{Describe, OptionalFuture};
pub use policy::Policy;
pub use retry::{Jitter, Retry, RetryConfig};
pub use timeout::{Timeout, TimeoutConfig};
pub use verdict::Verdict;
