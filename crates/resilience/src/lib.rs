#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod attempt;
mod call;
mod classify;
mod config_error;
mod config_macros;
mod counter;
mod error;
mod failure;
mod future_ext;
mod lazy;
mod live;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
mod operation;
mod policy;
mod random;
mod sync;
mod verdict;

pub mod adaptive;
pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod chaos;
#[cfg(feature = "config")]
pub mod config;
pub mod fallback;
pub mod hedge;
pub mod keyed;
#[cfg(feature = "tower")]
pub mod layers;
pub mod outliers;
pub mod pipeline;
pub mod rate_limit;
pub mod retry;
#[cfg(feature = "sim")]
pub mod sim;
pub mod telemetry;
pub mod timeout;
#[cfg(feature = "axum")]
pub mod web;

pub use adaptive::{AdaptiveConfig, AdaptiveLimit};
pub use attempt::Attempt;
pub use breaker::{BreakerConfig, CircuitBreaker};
pub use budget::{Budget, BudgetConfig};
pub use bulkhead::{Bulkhead, BulkheadConfig};
pub use call::{Call, CallWith, Lift, PolicyExt, Told};
pub use chaos::{Chaos, ChaosConfig};
pub use classify::{AnyError, ByError, Classify, Failures, Retryable};
pub use config_error::{ConfigError, ConfigProblem};
pub use error::{Error, ShedReason, StoppedBy};
pub use failure::FailureKind;
pub use fallback::{Fallback, FallbackConfig};
pub use future_ext::{FutureExt, Once, StartsOnce};
pub use hedge::{Hedge, HedgeConfig};
pub use keyed::{Forgettable, Keyed, KeyedConfig, KeyedError};
pub use lazy::{Begin, Lazy};
#[cfg(feature = "macros")]
pub use mainstay_macros::{resilient, with_retry};
pub use operation::{AssertIdempotent, Idempotent, Nested, Operation, Outcome};
pub use outliers::{Outliers, OutliersConfig};
pub use pipeline::{Describe, DynPipeline, OptionalFuture, Pipeline};
pub use policy::Policy;
pub use rate_limit::{KeyedRateLimit, Rate, RateLimit, RateLimitConfig};
pub use retry::{Backoff, Jitter, Retry, RetryConfig};
pub use timeout::{Timeout, TimeoutConfig};
pub use verdict::Verdict;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/resilience.md")]
mod page {}
