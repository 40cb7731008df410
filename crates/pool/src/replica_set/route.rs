//! The ways of a read and a write to their node.

use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::inner::Inner;
use super::role::Replicated;
use super::routed::Routed;
use super::turn::{Outcome, Turn};
use crate::acquire::{Begun, at_once, in_time};
use crate::error::GetError;
use crate::guard::Guard;
use crate::hooks::Hook;
use crate::lanes::UNNAMED;
use crate::observer::Observer;
use crate::pool::Pool;

/// A node's pool, and the caller's place at it.
type Way<M, O> = (Turn<M, O>, Pool<M, O>);

/// Takes a connection of the primary. Who waits there when another becomes primary goes over to that one.
pub(super) async fn write<M: Replicated, O: Observer>(
    set: &Arc<Inner<M, O>>,
    by: &'static Location<'static>,
    prepare: Option<Hook<M>>,
) -> Result<Routed<M, O>, GetError<M::Error>> {
    let since = Instant::now();
    loop {
        let (mut turn, pool) = find(set, since, || to_primary(set))
            .await?
            .ok_or_else(|| GetError::NoPrimary { waited: since.elapsed(), status: Box::new(set.status()) })?;
        let node = turn.node;
        tokio::select! {
            biased;
            got = get(&pool, by, prepare.clone()) => return match got {
                Ok(guard) => Ok(Routed::new(guard, true, turn)),
                Err(error) => {
                    turn.outcome = blame(&error, prepare.is_some());
                    Err(error)
                }
            },
            () = primary_is_not(set, node) => {}
        }
    }
}

/// Takes a connection of the least busy node that is fit for reads, and turns to the next if that one has none in time.
pub(super) async fn read<M: Replicated, O: Observer>(
    set: &Arc<Inner<M, O>>,
    by: &'static Location<'static>,
    max_lag: Option<Duration>,
    prepare: Option<Hook<M>>,
) -> Result<Routed<M, O>, GetError<M::Error>> {
    let since = Instant::now();
    let patience = set.with(|nodes| nodes.config.patience);
    let (mut tried, mut last_error) = (Vec::new(), None);
    loop {
        let way = if last_error.is_some() {
            to_reader(set, max_lag, &tried)
        } else {
            find(set, since, || to_reader(set, max_lag, &tried)).await?
        };
        let Some(((mut turn, pool), last)) = way else {
            return Err(last_error.unwrap_or_else(|| GetError::NoReplica {
                waited: since.elapsed(),
                status: Box::new(set.status()),
            }));
        };
        let got = get(&pool, by, prepare.clone());
        let got = if last { Ok(got.await) } else { timeout(patience, got).await };
        match got {
            Ok(Ok(guard)) => return Ok(Routed::new(guard, false, turn)),
            Ok(Err(error)) => {
                turn.outcome = blame(&error, prepare.is_some());
                last_error = Some(error);
            }
            // A node that is only busy has done nothing wrong.
            Err(_) if prepare.is_none() && pool.status().last_connect_error.is_some() => {
                turn.outcome = Outcome::Failed;
            }
            Err(_) => {}
        }
        tried.push(turn.node);
    }
}

/// Looks for a way, and again whenever something has changed, for as long as a failover may take; `None` after that.
async fn find<M: Replicated, O: Observer, W>(
    set: &Arc<Inner<M, O>>,
    since: Instant,
    mut look: impl FnMut() -> Option<W>,
) -> Result<Option<W>, GetError<M::Error>> {
    if let Some(way) = look() {
        return Ok(Some(way));
    }
    loop {
        let mut changed = pin!(set.changed.notified());
        // Before the second look, or a change in between would be missed.
        changed.as_mut().enable();
        if let Some(way) = look() {
            return Ok(Some(way));
        }
        let (closed, patience) = set.with(|nodes| (nodes.closed, nodes.config.failover_timeout));
        if closed {
            return Err(GetError::Closed { pool: Arc::clone(&set.name) });
        }
        if timeout_at(since + patience, changed).await.is_err() {
            return Ok(None);
        }
    }
}

fn to_primary<M: Replicated, O: Observer>(set: &Arc<Inner<M, O>>) -> Option<Way<M, O>> {
    set.with(|nodes| {
        let id = nodes.primary?;
        let node = nodes.get(id)?;
        node.out += 1;
        Some((Turn::new(set, id, false), node.pool.clone()))
    })
}

fn to_reader<M: Replicated, O: Observer>(
    set: &Arc<Inner<M, O>>,
    max_lag: Option<Duration>,
    tried: &[u64],
) -> Option<(Way<M, O>, bool)> {
    let now = Instant::now();
    set.with(|nodes| {
        let choice = nodes.choose(max_lag, tried, now)?;
        let node = nodes.get(choice.id)?;
        node.out += 1;
        if choice.trial {
            node.ejection.begin_trial();
        }
        Some(((Turn::new(set, choice.id, choice.trial), node.pool.clone()), choice.last))
    })
}

async fn primary_is_not<M: Replicated, O: Observer>(set: &Inner<M, O>, node: u64) {
    loop {
        let mut changed = pin!(set.changed.notified());
        changed.as_mut().enable();
        if set.with(|nodes| nodes.primary) != Some(node) {
            return;
        }
        changed.await;
    }
}

async fn get<M: Replicated, O: Observer>(
    pool: &Pool<M, O>,
    by: &'static Location<'static>,
    prepare: Option<Hook<M>>,
) -> Result<Guard<M, O>, GetError<M::Error>> {
    let caller = pool.caller(UNNAMED, by);
    if prepare.is_some() {
        return in_time(pool.inner(), caller, prepare, Begun::afresh()).await;
    }
    match at_once(pool.inner(), &caller) {
        Ok(guard) => Ok(guard),
        Err(begun) => in_time(pool.inner(), caller, None, begun).await,
    }
}

/// Whether it was the server that failed: a pool whose connections are all out has none in time either, nor has one whose connections
/// a caller's own preparation refuses.
fn blame<E>(error: &GetError<E>, prepared: bool) -> Outcome {
    match error {
        GetError::Timeout { status, .. } if prepared || status.last_connect_error.is_none() => {
            Outcome::Abandoned
        }
        _ => Outcome::Failed,
    }
}
