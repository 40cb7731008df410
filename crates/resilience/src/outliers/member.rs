use super::{
    explain::Cause,
    limits::Limits,
    window::{Totals, Window},
};
use crate::Verdict;
use std::sync::{Arc, atomic::AtomicUsize};

/// What of a member outlives its removal, as long as calls to it are out.
#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) id: u64,
    pub(super) endpoint: Arc<T>,
    pub(super) in_flight: AtomicUsize,
}

/// An endpoint of the set and what is known of it.
#[derive(Debug)]
pub(super) struct Member<T> {
    pub(super) slot: Arc<Slot<T>>,
    pub(super) place: Place,
    /// Raised by every ejection and trial: a result from an earlier one moves nothing.
    pub(super) epoch: u32,
    pub(super) consecutive: u32,
    pub(super) window: Window,
    /// Ejections not yet forgiven.
    pub(super) ejections: u32,
    pub(super) in_since: u64,
    /// Why it is out, or would be if more might be out.
    pub(super) cause: Option<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    In,
    Out { until: u64 },
    Trial { lease: u64 },
}

impl Place {
    /// When a call may try it, for one that is not in.
    pub(super) fn due(self) -> Option<u64> {
        match self {
            Self::In => None,
            Self::Out { until } => Some(until),
            Self::Trial { lease } => Some(lease),
        }
    }
}

impl<T> Member<T> {
    pub(super) fn new(id: u64, endpoint: T, now: u64) -> Self {
        Self {
            slot: Arc::new(Slot { id, endpoint: Arc::new(endpoint), in_flight: AtomicUsize::new(0) }),
            place: Place::In,
            epoch: 0,
            consecutive: 0,
            window: Window::default(),
            ejections: 0,
            in_since: now,
            cause: None,
        }
    }

    /// Counts an outcome of a call made while in; answers what is in the window, if that is in use.
    pub(super) fn count(&mut self, verdict: Verdict, limits: &Limits, now: u64) -> Totals {
        let failed = verdict == Verdict::Failure;
        self.consecutive = if failed { self.consecutive.saturating_add(1) } else { 0 };
        if limits.by_rate() { self.window.record(now, limits.bucket, failed) } else { Totals::default() }
    }

    /// Ejections not yet forgiven now: each base time in the set forgives one.
    pub(super) fn unforgiven(&self, limits: &Limits, now: u64) -> u32 {
        let healthy = match self.place {
            Place::In => now.saturating_sub(self.in_since) / limits.base.max(1),
            Place::Out { .. } | Place::Trial { .. } => 0,
        };
        self.ejections.saturating_sub(u32::try_from(healthy).unwrap_or(u32::MAX))
    }

    pub(super) fn eject(&mut self, limits: &Limits, now: u64) {
        self.ejections = self.unforgiven(limits, now).saturating_add(1);
        self.place = Place::Out { until: now.saturating_add(limits.ejection(self.ejections)) };
        self.epoch = self.epoch.wrapping_add(1);
        self.forget_outcomes();
    }

    pub(super) fn readmit(&mut self, now: u64) {
        self.place = Place::In;
        self.in_since = now;
        self.cause = None;
        self.forget_outcomes();
    }

    pub(super) fn begin_trial(&mut self, limits: &Limits, now: u64) {
        self.place = Place::Trial { lease: now.saturating_add(limits.trial_lease) };
        self.epoch = self.epoch.wrapping_add(1);
    }

    pub(super) fn forget_outcomes(&mut self) {
        self.consecutive = 0;
        self.window = Window::default();
    }
}
