use std::sync::Arc;

use crate::attempt::attempt;
use crate::inner::Inner;
use crate::live::Live;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::trace;

/// A connection that is about to close and counts until it has; dropping it closes it.
pub(crate) struct Leaving<M: Manager, O: Observer> {
    inner: Arc<Inner<M, O>>,
    /// `None` only in the drop, where the connection goes before its count.
    live: Option<Box<Live<M::Connection>>>,
}

impl<M: Manager, O: Observer> Leaving<M, O> {
    pub(crate) fn new(inner: &Arc<Inner<M, O>>, live: Box<Live<M::Connection>>) -> Self {
        Self { inner: Arc::clone(inner), live: Some(live) }
    }
}

impl<M: Manager, O: Observer> Drop for Leaving<M, O> {
    fn drop(&mut self) {
        drop(self.live.take());
        self.inner.transition(|state, _| state.gone());
    }
}

/// Runs the hook before a connection closes, which it does however the hook ends.
pub(crate) async fn run<M: Manager, O: Observer>(mut leaving: Leaving<M, O>) {
    let inner = Arc::clone(&leaving.inner);
    let (Some(hook), Some(live)) = (&inner.hooks.before_close, &mut leaving.live) else { return };
    let limit = inner.config().hook_timeout;
    if let Err(fault) = attempt(limit, async { hook(&mut live.connection).await }).await {
        trace::call_failed(&inner.name, "before_close", &fault);
    }
}
