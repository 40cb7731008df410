use crate::domain::{Answer, Body};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The updates that callers were told had been made, in the order they were told.
///
/// A read is stale if it shows a row older than a version acknowledged before the read *began*; what was
/// acknowledged while it ran does not count. As a list cannot know beforehand which rows it will show, nothing
/// is copied at a read's start: it notes how many acknowledgements there were, and each row keeps its history.
#[derive(Default)]
pub(super) struct Acknowledged {
    /// Acknowledgements so far. Written only under `rows`' write lock, read without it.
    count: AtomicU64,
    rows: RwLock<HashMap<i64, Vec<Acknowledgement>>>,
}

struct Acknowledgement {
    /// From 1.
    number: u64,
    /// The highest version acknowledged for the row up to here.
    version: i64,
}

/// The moment at which a read began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began(u64);

impl Acknowledged {
    pub(super) fn now(&self) -> Began {
        Began(self.count.load(Ordering::Acquire))
    }

    /// Takes note of the update that `answer` confirms, if it confirms one.
    pub(super) fn note(&self, answer: &Answer) {
        let Body::Updated { id, version } = answer.body else { return };
        let mut rows = self.rows.write();
        let number = self.count.load(Ordering::Relaxed) + 1;
        let history = rows.entry(id).or_default();
        let version = history.last().map_or(version, |last| last.version.max(version));
        history.push(Acknowledgement { number, version });
        self.count.store(number, Ordering::Release);
    }

    /// Whether `answer` shows a row older than was acknowledged when the read began.
    pub(super) fn is_stale(&self, answer: &Answer, began: Began) -> bool {
        if began.0 == 0 {
            return false;
        }
        let rows = self.rows.read();
        answer.versions().any(|(id, version)| {
            rows.get(&id).is_some_and(|history| {
                let known = history.partition_point(|each| each.number <= began.0);
                history[..known].last().is_some_and(|newest| version < newest.version)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::home;
    use super::*;
    use crate::domain::Trending;
    use std::sync::Arc;

    fn updated(id: i64, version: i64) -> Answer {
        Answer::fresh(Body::Updated { id, version })
    }

    fn shows(rows: &[(i64, i64)]) -> Answer {
        let properties = rows.iter().map(|&(id, version)| home(id, version)).collect();
        Answer::fresh(Body::Trending(Arc::new(Trending { properties })))
    }

    #[test]
    fn a_row_older_than_acknowledged_before_the_read_began_is_stale() {
        let acknowledged = Acknowledged::default();
        acknowledged.note(&updated(1, 4));
        let began = acknowledged.now();
        assert!(acknowledged.is_stale(&shows(&[(2, 0), (1, 3)]), began));
        assert!(!acknowledged.is_stale(&shows(&[(2, 0), (1, 4)]), began));
        assert!(!acknowledged.is_stale(&shows(&[(1, 5)]), began));
    }

    #[test]
    fn an_update_acknowledged_after_the_read_began_does_not_count() {
        let acknowledged = Acknowledged::default();
        acknowledged.note(&updated(1, 4));
        let began = acknowledged.now();
        acknowledged.note(&updated(1, 5));
        assert!(!acknowledged.is_stale(&shows(&[(1, 4)]), began));
        assert!(acknowledged.is_stale(&shows(&[(1, 4)]), acknowledged.now()));
    }

    #[test]
    fn acknowledgements_out_of_order_do_not_lower_what_is_owed() {
        let acknowledged = Acknowledged::default();
        acknowledged.note(&updated(1, 6));
        acknowledged.note(&updated(1, 5));
        assert!(acknowledged.is_stale(&shows(&[(1, 5)]), acknowledged.now()));
    }
}
