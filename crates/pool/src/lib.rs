#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod acquire;
mod attempt;
mod backoff;
mod builder;
mod checkouts;
mod clock;
mod config;
mod connector;
mod deferred;
mod error;
mod goodbye;
mod guard;
mod hooks;
mod inner;
mod keepalive;
mod lane;
mod lanes;
mod leak;
mod live;
mod magazine;
mod manager;
pub mod managers;
pub mod monitor;
mod observer;
mod pool;
mod preparation;
mod reaper;
mod recovery;
mod replica_set;
#[cfg(test)]
mod schedules;
pub mod sizing;
mod state;
mod status;
mod sync;
mod tended;
mod trace;
mod waiter;
mod waiters;

pub use builder::PoolBuilder;
#[cfg(feature = "config")]
pub use config::ConfigSource;
pub use config::{LaneConfig, PoolConfig, PrimaryReads, ReplicaSetConfig};
pub use error::{ConfigError, Fault, GetError, Problem};
pub use guard::Guard;
pub use hooks::HookFuture;
pub use lane::Lane;
pub use leak::Leak;
pub use manager::{Condition, Manager};
pub use observer::{CloseReason, Observer, WaitEnd};
pub use pool::Pool;
pub use replica_set::{NodeStatus, Reads, ReplicaSet, ReplicaSetStatus, Replicated, Role, Routed};
pub use status::{LaneStatus, OldestCheckout, Status};
