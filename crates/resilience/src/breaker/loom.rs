//! Every interleaving of the packed word and of the count window that two or three callers can make.

use super::{
    BreakerConfig, State,
    gate::{Admission, Gate, Judged, Recorded, Surroundings},
    limits::Limits,
    window::{CountWindow, Window},
    word::Epoch,
};
use crate::{FailureKind, Verdict};
use loom::{sync::Arc, thread};
use std::time::Duration;

/// Two failures open it for 10 ms, one probe closes it.
fn limits() -> Limits {
    let config = BreakerConfig::default()
        .failure_threshold(2)
        .minimum_calls(2)
        .success_threshold(1)
        .open_for(Duration::from_millis(10))
        .probe_lease(Duration::from_millis(100));
    Limits::of(&config)
}

fn admit(gate: &Gate, now: u64) -> Option<Epoch> {
    let (limits, chance) = (limits(), || 0.0);
    match gate.admit(&Surroundings { limits: &limits, window: None, now: || now, chance }) {
        Admission::Admitted(epoch, _) => Some(epoch),
        Admission::Rejected { .. } => None,
    }
}

fn record(gate: &Gate, window: Option<&Window>, epoch: Epoch, verdict: Verdict, now: u64) -> Recorded {
    let judged = Judged { verdict, kind: FailureKind::Operation, slow: false };
    let (limits, chance) = (limits(), || 0.0);
    gate.record(epoch, judged, &Surroundings { limits: &limits, window, now: || now, chance })
}

fn moved_to(recorded: Recorded) -> Option<State> {
    match recorded {
        Recorded::Moved(moved) => Some(moved.to),
        Recorded::Counted | Recorded::Stale => None,
    }
}

/// Opens a new gate at tick 0.
fn opened() -> Gate {
    let gate = Gate::new();
    for _ in 0..2 {
        let epoch = admit(&gate, 0).expect("closed");
        record(&gate, None, epoch, Verdict::Failure, 0);
    }
    assert_eq!(gate.load().state(), State::Open);
    gate
}

#[test]
fn loom_open_to_half_open_gives_exactly_one_probe() {
    loom::model(|| {
        let gate = Arc::new(opened());
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let gate = gate.clone();
                thread::spawn(move || admit(&gate, 20).is_some())
            })
            .collect();
        let admitted = callers.into_iter().filter_map(|caller| caller.join().ok()).filter(|got| *got).count();
        assert_eq!(admitted, 1);
    });
}

#[test]
fn loom_two_failures_open_once() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let gate = gate.clone();
                thread::spawn(move || {
                    let epoch = admit(&gate, 0)?;
                    moved_to(record(&gate, None, epoch, Verdict::Failure, 0))
                })
            })
            .collect();
        let opened = callers.into_iter().filter_map(|caller| caller.join().ok().flatten()).count();
        assert_eq!((opened, gate.load().state()), (1, State::Open));
    });
}

#[test]
fn loom_a_stale_success_never_closes_while_the_probe_fails() {
    loom::model(|| {
        let gate = Gate::new();
        let stale = admit(&gate, 0).expect("closed");
        for _ in 0..2 {
            let failing = admit(&gate, 0).expect("closed");
            record(&gate, None, failing, Verdict::Failure, 0);
        }
        let gate = Arc::new(gate);
        let other = gate.clone();
        let late = thread::spawn(move || record(&other, None, stale, Verdict::Success, 20));
        let probe = admit(&gate, 20).expect("the only caller after the open time");
        record(&gate, None, probe, Verdict::Failure, 20);
        assert_eq!(late.join().expect("no panic"), Recorded::Stale);
        assert_eq!(gate.load().state(), State::Open);
    });
}

#[test]
fn loom_a_dropped_probe_frees_its_place() {
    loom::model(|| {
        let gate = Arc::new(opened());
        let other = gate.clone();
        let dropped = thread::spawn(move || {
            if let Some(probe) = admit(&other, 20) {
                record(&other, None, probe, Verdict::Ignore, 20);
            }
        });
        if let Some(probe) = admit(&gate, 20) {
            record(&gate, None, probe, Verdict::Ignore, 20);
        }
        dropped.join().expect("no panic");
        let next = admit(&gate, 20).expect("both places are free again");
        assert_eq!(moved_to(record(&gate, None, next, Verdict::Success, 20)), Some(State::Closed));
    });
}

#[test]
fn loom_forcing_and_failing_leave_one_state_and_its_epoch() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let first = admit(&gate, 0).expect("closed");
        record(&gate, None, first, Verdict::Failure, 0);
        let other = gate.clone();
        let forcing = thread::spawn(move || other.force(State::ForcedOpen, super::Cause::Manual));
        let failed = admit(&gate, 0).map(|epoch| record(&gate, None, epoch, Verdict::Failure, 0));
        assert!(forcing.join().expect("no panic").is_some());
        let word = gate.load();
        assert_eq!(word.state(), State::ForcedOpen);
        let opened_first = failed.is_some_and(|recorded| moved_to(recorded) == Some(State::Open));
        assert_eq!(word.epoch(), Epoch(if opened_first { 2 } else { 1 }));
    });
}

/// Differences may reach the sums in any order; in the end the sums are those of the slots.
#[test]
fn loom_the_sums_of_a_count_window_are_those_of_its_slots() {
    loom::model(|| {
        let window = Arc::new(CountWindow::new(2));
        let epoch = Epoch(0);
        window.record(epoch, true, false);
        let callers: Vec<_> = [true, false]
            .into_iter()
            .map(|failed| {
                let window = window.clone();
                thread::spawn(move || {
                    let tally = window.record(epoch, failed, failed).expect("of the current epoch");
                    assert!(tally.calls <= 2 && tally.failures <= tally.calls, "{tally:?}");
                })
            })
            .collect();
        for caller in callers {
            caller.join().expect("no panic");
        }
        let tally = window.tally(epoch);
        // Two slots: the first failure made room for one of the two that came together.
        assert_eq!((tally.calls, tally.failures, tally.slow), (2, 1, 1));
    });
}

#[test]
fn loom_a_late_record_of_an_earlier_epoch_adds_nothing() {
    loom::model(|| {
        let window = Arc::new(CountWindow::new(2));
        let late = window.clone();
        let stale = thread::spawn(move || {
            late.record(Epoch(0), true, false);
        });
        window.record(Epoch(1), false, false);
        stale.join().expect("no panic");
        let tally = window.tally(Epoch(1));
        assert!(tally.failures == 0 && tally.calls <= 1, "{tally:?}");
    });
}

#[test]
fn loom_a_rate_opens_once() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let window = Arc::new(Window::Count(CountWindow::new(4)));
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let (gate, window) = (gate.clone(), window.clone());
                thread::spawn(move || {
                    let epoch = admit(&gate, 0)?;
                    moved_to(record(&gate, Some(&window), epoch, Verdict::Failure, 0))
                })
            })
            .collect();
        let opened = callers.into_iter().filter_map(|caller| caller.join().ok().flatten()).count();
        assert_eq!((opened, gate.load().state()), (1, State::Open));
    });
}
