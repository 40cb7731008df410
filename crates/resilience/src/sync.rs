//! The atomics and locks that loom must see: its own under `--cfg mainstay_loom`, the real ones otherwise.

#[cfg(mainstay_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(mainstay_loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
