pub(crate) mod backlog;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod gather;
pub(crate) mod guard;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
pub(crate) mod keeper;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
pub(crate) mod l2;
#[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code))]
pub(crate) mod lower;
pub(crate) mod memory;
pub(crate) mod recent;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg_attr(not(all(feature = "redis", any(feature = "sqlite", feature = "postgres"))), allow(dead_code))]
pub(crate) mod shared;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod sql;
