mod lane;
mod pool_config;
mod profile;
mod replica_set;
mod setters;
#[cfg(feature = "config")]
mod source;
#[cfg(feature = "config")]
mod span;
mod validate;

pub use lane::LaneConfig;
pub use pool_config::PoolConfig;
pub use replica_set::{PrimaryReads, ReplicaSetConfig};
#[cfg(feature = "config")]
pub use source::ConfigSource;
pub(crate) use validate::Problems;
