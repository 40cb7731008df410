//! Connections of the redis crate.

mod dedicated;
mod fatal;
mod multiplexed;

pub use dedicated::RedisManager;
pub use multiplexed::RedisMultiplexedManager;
