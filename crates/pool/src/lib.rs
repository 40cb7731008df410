#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod acquire;
mod attempt;
mod backoff;
mod checkouts;
mod config;
mod connector;
mod deferred;
mod error;
mod guard;
mod inner;
mod live;
mod manager;
pub mod managers;
mod pool;
mod reaper;
pub mod sizing;
mod state;
mod status;
mod waiters;

pub use config::PoolConfig;
pub use error::{ConfigError, Fault, GetError};
pub use guard::Guard;
pub use manager::{Condition, Manager};
pub use pool::Pool;
pub use status::{OldestCheckout, Status};
