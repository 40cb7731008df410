use std::future::Future;
use std::sync::Arc;

use crate::attempt::attempt;
use crate::guard::Guard;
use crate::manager::{Condition, Manager};
use crate::observer::Observer;
use crate::trace;

/// Makes a returned connection fit for the next caller in a task of its own, by the manager's reset and the hook; or closes it.
pub(crate) fn run<M: Manager, O: Observer>(
    mut guard: Guard<M, O>,
    condition: Condition,
) -> impl Future<Output = ()> + Send {
    // Until all has gone well: a panic and the end of the runtime, even before the first poll, close the connection. It also keeps a
    // runtime that is shutting down from being handed the same connection over and over.
    guard.broken();
    async move {
        let inner = Arc::clone(guard.inner());
        let config = inner.config();
        if condition == Condition::Dirty {
            let call = async { inner.manager.reset(&mut guard).await };
            if let Err(fault) = attempt(config.reset_timeout, call).await {
                trace::call_failed(&inner.name, "reset", &fault);
                return;
            }
        }
        if let Some(hook) = &inner.hooks.after_release
            && let Err(fault) = attempt(config.hook_timeout, async { hook(&mut guard).await }).await
        {
            trace::call_failed(&inner.name, "after_release", &fault);
            return;
        }
        guard.give_back();
    }
}
