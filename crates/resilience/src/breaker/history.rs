use super::{Cause, State, gate::Move, word::Epoch};
use crate::FailureKind;

/// How the breaker came to be where it is; read to explain it.
#[derive(Debug)]
pub(super) struct History {
    epoch: Epoch,
    /// Of the last transition.
    pub(super) cause: Cause,
    pub(super) since: u64,
    /// Of the last time it opened, by itself or by hand.
    pub(super) opened_by: Option<Cause>,
    pub(super) last_failure: Option<(FailureKind, u64)>,
}

impl History {
    pub(super) fn new() -> Self {
        Self { epoch: Epoch(0), cause: Cause::Made, since: 0, opened_by: None, last_failure: None }
    }

    /// Notes a transition; `false` if a later one has been noted already, by a thread that overtook this one.
    pub(super) fn note(&mut self, moved: &Move, now: u64) -> bool {
        if !moved.epoch.is_after(self.epoch) {
            return false;
        }
        (self.epoch, self.cause, self.since) = (moved.epoch, moved.cause, now);
        if matches!(moved.to, State::Open | State::ForcedOpen) {
            self.opened_by = Some(moved.cause);
        }
        true
    }
}
