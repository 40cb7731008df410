//! Redis servers that a test owns: one alone, a primary and its replicas under Sentinel, a Cluster.

mod ask;
mod cluster;
mod doors;
mod migration;
mod mode;
mod nodes;
mod sentinel;
mod sentinels;
mod server;
mod view;

pub use cluster::{RedisCluster, RedisClusterBuilder};
pub use migration::Migration;
pub use sentinel::Sentinel;
pub use sentinels::{RedisSentinel, RedisSentinelBuilder};
pub use server::{Redis, RedisBuilder};
