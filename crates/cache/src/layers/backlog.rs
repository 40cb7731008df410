use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::recent::Recent;
use crate::counter::Counter;
use crate::stamps::Target;
use crate::trace;

/// An invalidation owed to a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// With the least version of the source that is true from now on; 0 for none.
    Keys {
        keys: Vec<Arc<str>>,
        version: u64,
    },
    Stamp(Target),
}

/// The invalidations a layer has not acknowledged. While there is any, the layer is not read.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Whose it is.
    layer: String,
    queue: Mutex<VecDeque<(u64, Revocation)>>,
    /// Mirrors `queue`'s emptiness, written under its lock: a read of a healthy layer asks only this.
    owing: AtomicBool,
    bound: usize,
    /// How many ever had to wait.
    queued: Counter,
    /// What was acknowledged of late, where that may not be the last word.
    recent: Option<Recent>,
    /// Held while replaying, so that the queue is told in order and once.
    pub(crate) replaying: tokio::sync::Mutex<()>,
}

impl Backlog {
    pub(crate) fn new(layer: &str, bound: usize) -> Self {
        Self {
            layer: layer.to_owned(),
            queue: Mutex::default(),
            owing: AtomicBool::new(false),
            bound: bound.max(1),
            queued: Counter::default(),
            recent: None,
            replaying: tokio::sync::Mutex::default(),
        }
    }

    /// Of a layer whose acknowledgement may be lost: see [`owe_again`](Self::owe_again).
    pub(crate) fn remembering(self, within: Duration) -> Self {
        let recent = Some(Recent::new(within, self.bound));
        Self { recent, ..self }
    }

    /// What was acknowledged of late is owed once more.
    pub(crate) fn owe_again(&self) {
        for (at, revocation) in self.recent.iter().flat_map(Recent::take) {
            self.push(at, revocation);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.owing.load(Ordering::Acquire)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.lock().len()
    }

    pub(crate) fn queued(&self) -> u64 {
        self.queued.get()
    }

    /// Never forgets: what does not fit is owed as one invalidation of everything. What is owed twice is told once.
    pub(crate) fn push(&self, at: u64, revocation: Revocation) {
        if self.queue.lock().back().is_some_and(|(last, own)| *last == at && *own == revocation) {
            return;
        }
        self.queued.add(1);
        trace::queued(&self.layer, &revocation, self.len() + 1);
        let mut queue = self.queue.lock();
        if queue.iter().any(|(_, own)| *own == Revocation::Stamp(Target::All)) || queue.len() >= self.bound {
            let latest = queue.iter().map(|(own, _)| *own).fold(at, u64::max);
            queue.clear();
            queue.push_back((latest, Revocation::Stamp(Target::All)));
        } else {
            queue.push_back((at, revocation));
        }
        self.owing.store(true, Ordering::Release);
    }

    pub(crate) fn first(&self) -> Option<(u64, Revocation)> {
        self.queue.lock().front().cloned()
    }

    /// Strikes out `told`, unless the queue was collapsed since.
    pub(crate) fn settle(&self, told: &(u64, Revocation)) {
        let mut queue = self.queue.lock();
        if queue.front() == Some(told) {
            queue.pop_front();
        }
        let waiting = queue.len();
        self.owing.store(waiting > 0, Ordering::Release);
        drop(queue);
        self.acknowledged(told.0, &told.1);
        trace::delivered(&self.layer, &told.1, waiting);
    }

    fn acknowledged(&self, at: u64, revocation: &Revocation) {
        if let Some(recent) = &self.recent {
            recent.note(at, revocation.clone());
        }
    }
}

/// An invalidation being told. Dropped unsettled (failure, unknown outcome, a cancelled caller), it is owed.
pub(crate) struct Owed<'a> {
    pub(crate) backlog: &'a Backlog,
    pub(crate) at: u64,
    pub(crate) revocation: Option<Revocation>,
}

impl Owed<'_> {
    pub(crate) fn settle(mut self) {
        if let Some(revocation) = self.revocation.take() {
            self.backlog.acknowledged(self.at, &revocation);
        }
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some(revocation) = self.revocation.take() {
            self.backlog.push(self.at, revocation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Backlog, Revocation};
    use crate::stamps::Target;

    #[test]
    fn a_full_backlog_owes_everything_rather_than_forget() {
        let backlog = Backlog::new("l2", 3);
        for at in 1..=4_u64 {
            backlog.push(at, Revocation::Keys { keys: vec![format!("k{at}").into()], version: 0 });
        }
        assert_eq!(backlog.first(), Some((4, Revocation::Stamp(Target::All))));
        backlog.push(9, Revocation::Keys { keys: vec!["k9".into()], version: 0 });
        assert_eq!(backlog.first(), Some((9, Revocation::Stamp(Target::All))));
        backlog.settle(&(4, Revocation::Stamp(Target::All)));
        assert!(!backlog.is_empty(), "an answer to the older debt does not settle the newer");
        backlog.settle(&(9, Revocation::Stamp(Target::All)));
        assert!(backlog.is_empty());
    }
}
