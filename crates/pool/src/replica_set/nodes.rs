use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::node::Node;
use super::role::{Replicated, Role};
use super::status::Reads;
use crate::config::{PrimaryReads, ReplicaSetConfig};
use crate::observer::Observer;

/// All that the lock of a set guards.
pub(super) struct Nodes<M: Replicated, O: Observer> {
    pub(super) list: Vec<Node<M, O>>,
    pub(super) primary: Option<u64>,
    pub(super) config: Arc<ReplicaSetConfig>,
    pub(super) closed: bool,
    next_id: u64,
    /// Where the search for the least busy node begins, so that equals take turns.
    turn: usize,
}

/// The node that gets a read.
pub(super) struct Choice {
    pub(super) id: u64,
    pub(super) trial: bool,
    /// Whether there is no other to turn to.
    pub(super) last: bool,
}

impl<M: Replicated, O: Observer> Nodes<M, O> {
    pub(super) fn new(config: ReplicaSetConfig) -> Self {
        Self { list: Vec::new(), primary: None, config: Arc::new(config), closed: false, next_id: 0, turn: 0 }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn get(&mut self, id: u64) -> Option<&mut Node<M, O>> {
        self.list.iter_mut().find(|node| node.id == id)
    }

    /// Settles who the primary is; says whether that has changed.
    ///
    /// The greatest term wins even if it is silent: a primary of old that comes back must not take writes. Of equals the one that answers,
    /// and of those the one that was.
    pub(super) fn elect(&mut self) -> bool {
        let before = self.primary;
        self.primary = self
            .list
            .iter()
            .filter_map(|node| match node.role {
                Some(Role::Primary { term }) => {
                    Some((term, !node.ejection.is_suspect(), Some(node.id) == before, node.id))
                }
                _ => None,
            })
            .max()
            .map(|(.., id)| id);
        self.primary != before
    }

    /// The node for a read that has already tried those in `tried`.
    pub(super) fn choose(
        &mut self,
        max_lag: Option<Duration>,
        tried: &[u64],
        now: Instant,
    ) -> Option<Choice> {
        let (primary, count, policy) = (self.primary, self.list.len(), self.config.primary_reads);
        let turn = self.turn;
        self.turn = turn.wrapping_add(1);
        let (mut best, mut open) = (None::<((bool, usize), u64, bool)>, 0);
        for step in 0..count {
            let node = &self.list[turn.wrapping_add(step) % count];
            let trial = match node.reads(primary, max_lag, now) {
                Reads::Admitted => false,
                Reads::Trial => true,
                _ => continue,
            };
            let is_spare = Some(node.id) == primary && policy != PrimaryReads::Share;
            if is_spare || tried.contains(&node.id) {
                continue;
            }
            open += 1;
            // Of equals the first, which is another one each turn.
            let burden = (node.ejection.is_suspect(), node.out);
            if best.is_none_or(|(least, ..)| burden < least) {
                best = Some((burden, node.id, trial));
            }
        }
        let spare = primary.filter(|id| policy == PrimaryReads::Fallback && !tried.contains(id));
        match best {
            Some((_, id, trial)) => Some(Choice { id, trial, last: open == 1 && spare.is_none() }),
            None => spare.map(|id| Choice { id, trial: false, last: true }),
        }
    }
}
