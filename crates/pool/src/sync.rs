//! The locks and flags that callers share beside the pool's lock: loom's where loom explores the interleavings.

pub(crate) use std::sync::atomic::Ordering;

#[cfg(not(all(test, mainstay_loom)))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(all(test, mainstay_loom)))]
pub(crate) use std::sync::atomic::AtomicBool;

#[cfg(all(test, mainstay_loom))]
pub(crate) use self::explored::Mutex;
#[cfg(all(test, mainstay_loom))]
pub(crate) use loom::sync::atomic::AtomicBool;

#[cfg(all(test, mainstay_loom))]
mod explored {
    use loom::sync::MutexGuard;

    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}
