use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::backlog::Revocation;
use crate::stamps::Target;

/// The invalidations that a layer acknowledged of late.
///
/// A server that was replaced may acknowledge for a moment more what its successor does not hear of. Whoever comes from the
/// one to the other says it again.
#[derive(Debug)]
pub(crate) struct Recent {
    within: Duration,
    bound: usize,
    told: Mutex<VecDeque<(Instant, u64, Revocation)>>,
}

impl Recent {
    pub(crate) fn new(within: Duration, bound: usize) -> Self {
        Self { within, bound, told: Mutex::default() }
    }

    /// Never forgets what is recent: what does not fit is remembered as one invalidation of everything.
    pub(crate) fn note(&self, at: u64, revocation: Revocation) {
        let now = Instant::now();
        let mut told = self.told.lock();
        while told.front().is_some_and(|(then, ..)| now.duration_since(*then) > self.within) {
            told.pop_front();
        }
        if told.len() < self.bound {
            told.push_back((now, at, revocation));
        } else {
            let latest = told.iter().map(|(_, own, _)| *own).fold(at, u64::max);
            told.clear();
            told.push_back((now, latest, Revocation::Stamp(Target::All)));
        }
    }

    /// Those up to the last, which may itself be long ago: whoever was cut off since has acknowledged nothing.
    pub(crate) fn take(&self) -> impl Iterator<Item = (u64, Revocation)> + use<> {
        std::mem::take(&mut *self.told.lock()).into_iter().map(|(_, at, revocation)| (at, revocation))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Recent, Revocation};
    use crate::stamps::Target;

    fn key(name: &str) -> Revocation {
        Revocation::Keys { keys: vec![name.into()], version: 0 }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_are_remembered_and_the_older_forgotten() {
        let recent = Recent::new(Duration::from_secs(2), 10);
        recent.note(1, key("a"));
        tokio::time::advance(Duration::from_millis(1_500)).await;
        recent.note(2, key("b"));
        tokio::time::advance(Duration::from_millis(1_500)).await;
        recent.note(3, key("c"));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(recent.take().collect::<Vec<_>>(), [(2, key("b")), (3, key("c"))]);
        assert_eq!(recent.take().count(), 0, "they are said again once");
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_are_remembered_as_everything() {
        let recent = Recent::new(Duration::from_secs(2), 3);
        for at in [1, 9, 2, 3, 4] {
            recent.note(at, key("a"));
        }
        assert_eq!(recent.take().collect::<Vec<_>>(), [(9, Revocation::Stamp(Target::All)), (4, key("a"))]);
    }
}
