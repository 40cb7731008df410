//! A pipeline in virtual time: a server that can fail in many ways, the clients that call it, and what became of them.
//!
//! ```
//! use mainstay_resilience::{
//!     BreakerConfig, CircuitBreaker, Retry, RetryConfig, Timeout,
//!     sim::{Clients, Condition, Scenario, Server, Simulation},
//! };
//! use std::time::Duration;
//!
//! let second = Duration::from_secs(1);
//! let outage = 20 * second..40 * second;
//! let server = Server::default().at(outage.start, Condition::Refusing).at(outage.end, Condition::Healthy);
//! let scenario = Scenario::new(server, Clients::poisson(100.0)).lasting(60 * second).seed(7);
//!
//! let report = Simulation::new("outage", scenario).unwrap().run(async |simulation| {
//!     let guard = (
//!         Retry::new("valuer", RetryConfig::FAST.seed(7)).unwrap(),
//!         CircuitBreaker::new("valuer", BreakerConfig::default().open_for(2 * second)).unwrap(),
//!         Timeout::new("valuer", second).unwrap(),
//!     );
//!     simulation.drive(&guard).await
//! });
//! report.between(..outage.start).assert_goodput(0.99);
//! report.between(outage.clone()).assert_amplification_at_most(0.1); // the breaker spares the server
//! report.recovery(outage).assert_within(2 * 2 * second);
//! ```
//!
//! The clock is tokio's, paused: nothing waits in earnest, and a run with the same seed ends the same. Policies that
//! draw at random need a seed of their own for that, as `RetryConfig::seed`. Like all of tokio's time it goes by the
//! millisecond, so give the server service times of several; its own books are exact to the nanosecond.
//!
//! Enable the feature `sim` among the `dev-dependencies` only: it takes tokio's `test-util` with it, whose clock is
//! slower to read.

mod arrivals;
mod assertions;
mod call_log;
mod cause;
mod clients;
mod clock;
mod condition;
mod figures;
mod latency;
mod link;
mod random;
mod recovery;
mod report;
mod request;
mod scenario;
mod server;
mod service_time;
mod simulation;
mod span;
mod station;
mod text;
mod usage;
mod world;

pub use cause::Cause;
pub use clients::{Clients, Pattern, RateStep};
pub use condition::{Change, Condition};
pub use figures::Figures;
pub use latency::Latency;
pub use recovery::Recovery;
pub use report::Report;
pub use request::{Fault, Reply, Request};
pub use scenario::Scenario;
pub use server::Server;
pub use service_time::ServiceTime;
pub use simulation::Simulation;
pub use span::Span;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/simulator.md")]
mod page {}
