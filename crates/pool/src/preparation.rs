use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::attempt::attempt;
use crate::error::Fault;
use crate::guard::Guard;
use crate::hooks::Hook;
use crate::inner::Inner;
use crate::manager::Manager;
use crate::observer::{CloseReason, Observer};
use crate::state::State;
use crate::trace;

/// Makes a connection fit for its caller in a task of its own, by the check if it is due and the hooks.
///
/// `None` if it did not pass; it is closed, and if its failure speaks of the server, so is everything that is not known to be better.
/// If the caller is gone by the end, the guard goes back to the pool.
pub(crate) fn run<M: Manager, O: Observer>(
    mut guard: Guard<M, O>,
    needs_check: bool,
    prepare: Option<Hook<M>>,
) -> impl Future<Output = Option<Guard<M, O>>> + Send {
    // Until all has gone well: a panic and the end of the runtime, even before the first poll, close the connection.
    guard.broken();
    async move {
        let inner = Arc::clone(guard.inner());
        let config = inner.config();
        let proven_at = guard.proven_at();
        if needs_check {
            let outcome = validate(&inner, config.check_timeout, &mut guard).await;
            if let Err(fault) = outcome {
                guard.close(CloseReason::Dead);
                evict_if_fatal(&inner, &fault, proven_at);
                return None;
            }
        }
        let hooks = [&inner.hooks.before_acquire, &prepare];
        for hook in hooks.into_iter().flatten() {
            if let Err(fault) = attempt(config.hook_timeout, async { hook(&mut guard).await }).await {
                trace::call_failed(&inner.name, "before_acquire", &fault);
                guard.close(CloseReason::Broken);
                evict_if_fatal(&inner, &fault, proven_at);
                inner.transition(|state, later| state.refused(Arc::new(fault), Instant::now(), later));
                return None;
            }
        }
        if inner.hooks.before_acquire.is_some() || prepare.is_some() {
            inner.transition(State::accepted);
        }
        guard.mend();
        Some(guard)
    }
}

/// The manager's check under its time limit.
pub(crate) async fn validate<M: Manager, O: Observer>(
    inner: &Inner<M, O>,
    limit: Duration,
    connection: &mut M::Connection,
) -> Result<(), Fault<M::Error>> {
    let began = O::ENABLED.then(Instant::now);
    let outcome = attempt(limit, async { inner.manager.check(connection).await }).await;
    if let Some(began) = began {
        inner.observe(|observer| observer.validated(began.elapsed(), outcome.is_ok()));
    }
    if let Err(fault) = &outcome {
        trace::call_failed(&inner.name, "check", fault);
    }
    outcome
}

pub(crate) fn evict_if_fatal<M: Manager, O: Observer>(
    inner: &Arc<Inner<M, O>>,
    fault: &Fault<M::Error>,
    proven_at: Instant,
) {
    if inner.is_fatal(fault) {
        inner.transition(|state, later| state.evict_unproven_since(proven_at, later));
    }
}
