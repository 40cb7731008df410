//! What readers and invalidations meet at. In tests it is the same lock and semaphore, which give way to other tasks ahead of
//! every step and after every unlock where shuttle draws the schedule.
//!
//! So shuttle explores what runs, and not a likeness of it: its tasks share one thread, and no lock is held where they give
//! way. What it cannot show is a reordering of relaxed atomics; those here are changed under a stripe's lock or are hints.

#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(test))]
pub(crate) use tokio::sync::Semaphore;

#[cfg(test)]
pub(crate) use explored::{Mutex, Semaphore, explore};

#[cfg(test)]
mod explored {
    use std::cell::Cell;
    use std::ops::{Deref, DerefMut};

    use parking_lot::MutexGuard;
    use tokio::sync::{AcquireError, SemaphorePermit};

    thread_local! {
        static EXPLORING: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs a model: within it, locks and semaphores are points where the schedule may change.
    pub(crate) fn explore(run: impl FnOnce()) {
        struct Over;
        impl Drop for Over {
            fn drop(&mut self) {
                EXPLORING.set(false);
            }
        }
        EXPLORING.set(true);
        let _over = Over;
        run();
    }

    fn give_way() {
        if EXPLORING.get() && !std::thread::panicking() {
            shuttle::thread::yield_now();
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> Guard<'_, T> {
            give_way();
            Guard(Some(self.0.lock()))
        }
    }

    pub(crate) struct Guard<'a, T>(Option<MutexGuard<'a, T>>);

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("it is taken out by the drop alone")
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("it is taken out by the drop alone")
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.0 = None;
            give_way();
        }
    }

    #[derive(Debug)]
    pub(crate) struct Semaphore(tokio::sync::Semaphore);

    impl Semaphore {
        pub(crate) fn new(permits: usize) -> Self {
            Self(tokio::sync::Semaphore::new(permits))
        }

        pub(crate) async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
            give_way();
            self.0.acquire().await
        }

        pub(crate) fn close(&self) {
            give_way();
            self.0.close();
        }
    }
}
