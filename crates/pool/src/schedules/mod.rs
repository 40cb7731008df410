//! Interleavings of callers at the pool's state: every one of a few by loom, many of more by shuttle.
//!
//! Both replace the lock, which is all that callers share; the state below it is the one that runs.

mod harness;
#[cfg(mainstay_loom)]
mod loom;
#[cfg(not(mainstay_loom))]
mod shuttle;
