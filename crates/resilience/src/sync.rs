//! The atomics and locks that loom must see: its own under `--cfg mainstay_loom`, the real ones otherwise.

#[cfg(mainstay_loom)]
pub(crate) use self::modelled::Mutex;
#[cfg(mainstay_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(mainstay_loom))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(mainstay_loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

#[cfg(mainstay_loom)]
mod modelled {
    /// loom's mutex in the shape of `parking_lot`'s.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("no model panics under the lock")
        }
    }
}
