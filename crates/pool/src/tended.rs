use std::sync::Arc;

use crate::inner::Inner;
use crate::live::Live;
use crate::manager::Manager;
use crate::observer::{CloseReason, Observer};

/// An idle connection taken out to be looked at, which no caller holds; dropping it closes it unless it was found good.
pub(crate) struct Tended<M: Manager, O: Observer> {
    inner: Arc<Inner<M, O>>,
    /// `None` only once it has been given back.
    live: Option<Box<Live<M::Connection>>>,
    reason: CloseReason,
}

impl<M: Manager, O: Observer> Tended<M, O> {
    /// `reason` is why it closes if it does.
    pub(crate) fn new(inner: &Arc<Inner<M, O>>, live: Box<Live<M::Connection>>, reason: CloseReason) -> Self {
        Self { inner: Arc::clone(inner), live: Some(live), reason }
    }

    pub(crate) fn live(&mut self) -> &mut Live<M::Connection> {
        self.live.as_mut().expect("a connection is tended until it is given back")
    }

    /// Gives it back as it was found.
    pub(crate) fn give_back(mut self) {
        if let Some(live) = self.live.take() {
            self.inner.transition(|state, later| state.put_tended(live, later));
        }
    }
}

impl<M: Manager, O: Observer> Drop for Tended<M, O> {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            self.inner.transition(|state, later| state.discard_tended(live, self.reason, later));
        }
    }
}
