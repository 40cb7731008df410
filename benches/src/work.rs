//! Ways of doing a piece of work so many times: on this thread, on a runtime, on many tasks.

use std::time::{Duration, Instant};

/// Does the work so many times and says how long it took.
pub(crate) type Work = Box<dyn FnMut(u64) -> Duration>;

/// Times an operation on this thread.
pub(crate) fn on_thread<S>(mut state: S, mut operation: impl FnMut(&mut S)) -> impl FnMut(u64) -> Duration {
    move |count| {
        let began = Instant::now();
        for _ in 0..count {
            operation(&mut state);
        }
        began.elapsed()
    }
}

/// Times an async operation on a current-thread runtime kept for the purpose.
pub(crate) fn on_runtime<S, F>(state: S, operation: F) -> impl FnMut(u64) -> Duration
where
    F: AsyncFn(&mut S, u64),
{
    made_on_runtime(async || state, operation)
}

/// [`on_runtime`] for a state that needs the runtime to come about.
pub(crate) fn made_on_runtime<S, F>(
    make: impl AsyncFnOnce() -> S,
    operation: F,
) -> impl FnMut(u64) -> Duration
where
    F: AsyncFn(&mut S, u64),
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut state = runtime.block_on(make());
    move |count| {
        // A turn is one long poll: unconstrained, or whoever uses tokio's semaphores pays for yields a short task never makes.
        runtime.block_on(tokio::task::unconstrained(async {
            let began = Instant::now();
            for i in 0..count {
                operation(&mut state, i).await;
            }
            began.elapsed()
        }))
    }
}

/// Times an operation done by so many tasks at once on a multi-thread runtime kept for the purpose. Each task has a
/// clone of `state` and does its share of the count with it.
pub(crate) fn on_tasks<S, F, Fut>(tasks: u64, state: S, share: F) -> Work
where
    S: Clone + 'static,
    F: Fn(S, u64) -> Fut + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    made_on_tasks(tasks, async || state, share)
}

/// [`on_tasks`] for a state that needs the runtime to come about.
pub(crate) fn made_on_tasks<S, F, Fut>(tasks: u64, make: impl AsyncFnOnce() -> S, share: F) -> Work
where
    S: Clone + 'static,
    F: Fn(S, u64) -> Fut + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let runtime = many_threads();
    let state = runtime.block_on(make());
    // Boxed, since an opaque type would borrow what `make` does.
    Box::new(move |count| {
        runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            let began = Instant::now();
            for task in 0..tasks {
                let its_share = count / tasks + u64::from(task < count % tasks);
                // Unconstrained, as on one task.
                all.spawn(tokio::task::unconstrained(share(state.clone(), its_share)));
            }
            all.join_all().await;
            began.elapsed()
        })
    })
}

/// A runtime with as many workers as there are cores, the default.
pub(crate) fn many_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_share_the_work_without_losing_any() {
        let done = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let mut work = on_tasks(8, done.clone(), |done, count| async move {
            done.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        });
        work(1_003);
        assert_eq!(done.load(std::sync::atomic::Ordering::Relaxed), 1_003);
    }
}
