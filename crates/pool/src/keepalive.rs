use std::sync::Arc;

use tokio::time::Instant;

use crate::inner::Inner;
use crate::manager::Manager;
use crate::observer::{CloseReason, Observer};
use crate::preparation::{evict_if_fatal, validate};
use crate::tended::Tended;

/// Begins a round of keepalives if one is due and none is under way.
pub(crate) fn start<M: Manager, O: Observer>(inner: &Arc<Inner<M, O>>) {
    let due = inner.transition(|state, _| state.start_keepalive(Instant::now()));
    if let Some(live) = due {
        let first = Tended::new(inner, live, CloseReason::Dead);
        inner.runtime.spawn(round(Arc::clone(inner), first));
    }
}

/// Checks what is due, one after another: a quiet pool learns of dead connections before its callers do (deadpool#191).
async fn round<M: Manager, O: Observer>(inner: Arc<Inner<M, O>>, first: Tended<M, O>) {
    let mut next = Some(first);
    while let Some(mut tended) = next {
        let limit = inner.config().check_timeout;
        let proven_at = tended.live().proven_at;
        match validate(&inner, limit, &mut tended.live().connection).await {
            Ok(()) => {
                tended.live().proven_at = Instant::now();
                tended.give_back();
            }
            Err(fault) => {
                drop(tended);
                evict_if_fatal(&inner, &fault, proven_at);
            }
        }
        let due = inner.transition(|state, _| state.next_keepalive(Instant::now()));
        next = due.map(|live| Tended::new(&inner, live, CloseReason::Dead));
    }
}
