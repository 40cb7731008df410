use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ejection::Source;
use super::nodes::Nodes;
use super::role::{Replicated, Role};
use super::status::ReplicaSetStatus;
use super::turn::Outcome;
use crate::error::Fault;
use crate::observer::Observer;
use crate::trace;

/// What the handles, the calls and the probes of a set share.
pub(super) struct Inner<M: Replicated, O: Observer> {
    pub(super) name: Arc<str>,
    pub(super) runtime: Handle,
    nodes: Mutex<Nodes<M, O>>,
    /// Tells those who wait for a node that something has changed.
    pub(super) changed: Notify,
}

impl<M: Replicated, O: Observer> Inner<M, O> {
    pub(super) fn new(name: Arc<str>, nodes: Nodes<M, O>, runtime: Handle) -> Self {
        Self { name, runtime, nodes: Mutex::new(nodes), changed: Notify::new() }
    }

    pub(super) fn with<R>(&self, step: impl FnOnce(&mut Nodes<M, O>) -> R) -> R {
        step(&mut self.nodes.lock())
    }

    /// Notes what a probe has brought.
    pub(super) fn probed(&self, id: u64, outcome: Result<Role, Fault<M::Error>>) {
        let now = Instant::now();
        let outcome = outcome.map_err(|fault| fault.to_string());
        let noted = self.with(|nodes| {
            let config = Arc::clone(&nodes.config);
            let node = nodes.get(id)?;
            let before = node.role;
            let mut ejected = None;
            match outcome {
                Ok(role) => {
                    node.role = Some(role);
                    node.last_error = None;
                    node.ejection.succeeded(Source::Probe, now);
                }
                Err(error) => {
                    node.last_error = Some(error);
                    ejected = node.ejection.failed(Source::Probe, now, &config);
                }
            }
            let demoted =
                matches!((before, node.role), (Some(Role::Primary { .. }), Some(Role::Replica { .. })));
            Some((node.pool.clone(), demoted, ejected))
        });
        let Some((pool, demoted, ejected)) = noted else { return };
        if let Some(span) = ejected {
            trace::ejected(&self.name, &pool.inner().name, span);
        }
        // A primary becomes a replica by a restart: its connections are dead, or lead to what it was.
        if demoted {
            pool.evict_all();
        }
        self.elect();
        self.changed.notify_waiters();
    }

    /// A writer has learnt that this node takes no writes: until it says what it is, nobody else is sent there to write.
    pub(super) fn demoted(&self, id: u64) {
        self.with(|nodes| {
            if let Some(node) = nodes.get(id)
                && matches!(node.role, Some(Role::Primary { .. }))
            {
                node.role = None;
            }
        });
        self.elect();
        self.ask_all();
    }

    /// Settles who is the primary, and tells those who care.
    pub(super) fn elect(&self) {
        let primary = self.with(|nodes| {
            nodes.elect().then(|| {
                let primary = nodes.primary;
                primary.and_then(|id| nodes.get(id)).map(|node| Arc::clone(node.name()))
            })
        });
        if let Some(primary) = primary {
            trace::primary_changed(&self.name, primary.as_deref());
            self.changed.notify_waiters();
        }
    }

    /// Has every node asked for its role at once.
    pub(super) fn ask_all(&self) {
        self.with(|nodes| nodes.list.iter().for_each(|node| node.wake.notify_one()));
    }

    /// Notes how a call has ended.
    pub(super) fn settle(&self, id: u64, trial: bool, outcome: Outcome) {
        let now = Instant::now();
        let failed = self.with(|nodes| {
            let (config, is_primary) = (Arc::clone(&nodes.config), nodes.primary == Some(id));
            let node = nodes.get(id)?;
            node.out -= 1;
            match outcome {
                Outcome::Served => node.ejection.succeeded(Source::Call, now),
                Outcome::Failed => {
                    node.wake.notify_one();
                    let ejected = node.ejection.failed(Source::Call, now, &config);
                    return Some((is_primary, ejected.map(|span| (Arc::clone(node.name()), span))));
                }
                Outcome::Abandoned if trial => node.ejection.abandon_trial(),
                Outcome::Abandoned => {}
            }
            None
        });
        let Some((is_primary, ejected)) = failed else { return };
        if let Some((node, span)) = ejected {
            trace::ejected(&self.name, &node, span);
        }
        if is_primary {
            // Perhaps another has been promoted.
            self.ask_all();
        }
    }

    pub(super) fn status(&self) -> ReplicaSetStatus {
        let now = Instant::now();
        self.with(|nodes| {
            let (primary, max_lag) = (nodes.primary, nodes.config.max_lag);
            let nodes: Vec<_> = nodes.list.iter().map(|node| node.status(primary, max_lag, now)).collect();
            ReplicaSetStatus {
                name: Arc::clone(&self.name),
                primary: nodes.iter().find(|node| node.is_primary).map(|node| Arc::clone(&node.name)),
                nodes,
            }
        })
    }
}
