use super::Cause;
use std::{collections::BTreeMap, time::Duration};

/// What became of calls, by the moment and the group they came from.
#[derive(Debug)]
pub(super) struct CallLog {
    width: u64,
    pub(super) slices: Vec<Calls>,
    pub(super) groups: Vec<Calls>,
}

/// What became of some calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) offered: u64,
    pub(super) succeeded: u64,
    pub(super) errors: BTreeMap<Cause, u64>,
    pub(super) latencies: Vec<Duration>,
}

impl Calls {
    fn ended(&mut self, outcome: Result<Duration, Cause>) {
        match outcome {
            Ok(latency) => {
                self.succeeded += 1;
                self.latencies.push(latency);
            }
            Err(cause) => *self.errors.entry(cause).or_default() += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.succeeded += other.succeeded;
        for (cause, count) in &other.errors {
            *self.errors.entry(*cause).or_default() += count;
        }
        self.latencies.extend_from_slice(&other.latencies);
    }
}

impl CallLog {
    pub(super) fn new(width: u64, end: u64, groups: usize) -> Self {
        let count = usize::try_from(end.div_ceil(width)).unwrap_or(usize::MAX);
        Self { width, slices: vec![Calls::default(); count], groups: vec![Calls::default(); groups] }
    }

    /// A call of `group` came at `time`.
    pub(super) fn began(&mut self, group: usize, time: u64) {
        self.slice(time).offered += 1;
        self.groups[group].offered += 1;
    }

    /// The call of `group` that came at `time` ended.
    pub(super) fn ended(&mut self, group: usize, time: u64, outcome: Result<Duration, Cause>) {
        self.slice(time).ended(outcome);
        self.groups[group].ended(outcome);
    }

    /// Calls whose end was not seen.
    pub(super) fn close(&mut self) {
        for calls in self.slices.iter_mut().chain(&mut self.groups) {
            let unfinished = calls.offered - calls.succeeded - calls.errors.values().sum::<u64>();
            if unfinished > 0 {
                calls.errors.insert(Cause::Unfinished, unfinished);
            }
        }
    }

    fn slice(&mut self, time: u64) -> &mut Calls {
        let last = self.slices.len() - 1;
        &mut self.slices[usize::try_from(time / self.width).unwrap_or(last).min(last)]
    }
}
