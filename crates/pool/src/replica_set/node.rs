use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::ejection::{Admission, Ejection};
use super::role::{Replicated, Role};
use super::status::{NodeStatus, Reads};
use crate::observer::Observer;
use crate::pool::Pool;

/// One server of a set, and what is known of it; guarded by the set's lock.
pub(super) struct Node<M: Replicated, O: Observer> {
    /// Stays when others come and go.
    pub(super) id: u64,
    pub(super) pool: Pool<M, O>,
    /// What it last answered; a node that is silent is not thereby demoted.
    pub(super) role: Option<Role>,
    pub(super) ejection: Ejection,
    pub(super) last_error: Option<String>,
    /// Calls routed to it that have not ended.
    pub(super) out: usize,
    /// Has it asked at once.
    pub(super) wake: Arc<Notify>,
    pub(super) probe: Option<AbortHandle>,
}

impl<M: Replicated, O: Observer> Node<M, O> {
    pub(super) fn new(id: u64, pool: Pool<M, O>) -> Self {
        Self {
            id,
            pool,
            role: None,
            ejection: Ejection::default(),
            last_error: None,
            out: 0,
            wake: Arc::default(),
            probe: None,
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.pool.inner().name
    }

    /// Whether it gets reads, and why not.
    pub(super) fn reads(&self, primary: Option<u64>, max_lag: Option<Duration>, now: Instant) -> Reads {
        match self.role {
            None => return Reads::Unknown,
            Some(Role::Primary { .. }) if primary != Some(self.id) => return Reads::Outdated,
            Some(Role::Primary { .. }) => {}
            Some(Role::Replica { lag }) => {
                if max_lag.is_some_and(|most| lag.is_none_or(|lag| lag > most)) {
                    return Reads::Lagging { lag };
                }
            }
        }
        match self.ejection.admission(now) {
            Admission::Yes => Reads::Admitted,
            Admission::Trial => Reads::Trial,
            Admission::No { left } => Reads::Ejected { left },
        }
    }

    pub(super) fn status(&self, primary: Option<u64>, max_lag: Option<Duration>, now: Instant) -> NodeStatus {
        NodeStatus {
            name: Arc::clone(self.name()),
            is_primary: primary == Some(self.id),
            role: self.role,
            reads: self.reads(primary, max_lag, now),
            calls: self.out,
            ejections: self.ejection.times(),
            last_error: self.last_error.clone(),
            pool: self.pool.status(),
        }
    }
}

impl<M: Replicated, O: Observer> Drop for Node<M, O> {
    fn drop(&mut self) {
        if let Some(probe) = &self.probe {
            probe.abort();
        }
    }
}
