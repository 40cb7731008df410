pub(crate) mod backlog;
pub(crate) mod guard;
pub(crate) mod lower;
pub(crate) mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod shared;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod sql;
