//! What a fleet shares beside values, over the connection that the cache has anyway: a rate, a lock.

mod budget;
mod error;
mod lock;
mod rate;

pub(crate) use budget::RedisBudget;
pub use error::FleetError;
pub use lock::{FleetLock, LockGuard};
pub use rate::FleetRate;

pub use crate::options::FleetRateConfig;
