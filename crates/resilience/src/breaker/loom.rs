//! Every interleaving of the packed word that two or three callers can make.

use super::{
    State,
    gate::{Admission, Gate, Limits, Permit},
};
use crate::Verdict;
use loom::{sync::Arc, thread};

const LIMITS: Limits = Limits { failures: 2, successes: 1, open_for: 10, probes: 1, probe_lease: 100 };

fn permit(admission: Admission) -> Option<Permit> {
    match admission {
        Admission::Admitted(permit) => Some(permit),
        Admission::Rejected { .. } => None,
    }
}

/// Opens a new gate at tick 0.
fn opened() -> Gate {
    let gate = Gate::new();
    for _ in 0..LIMITS.failures {
        let permit = permit(gate.admit(&LIMITS, || 0)).expect("closed");
        gate.record(&permit, Verdict::Failure, &LIMITS, || 0);
    }
    assert_eq!(gate.state(), State::Open);
    gate
}

#[test]
fn loom_open_to_half_open_gives_exactly_one_probe() {
    loom::model(|| {
        let gate = Arc::new(opened());
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let gate = gate.clone();
                thread::spawn(move || permit(gate.admit(&LIMITS, || 20)).is_some())
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
                    let permit = permit(gate.admit(&LIMITS, || 0))?;
                    gate.record(&permit, Verdict::Failure, &LIMITS, || 0)
                })
            })
            .collect();
        let opened = callers.into_iter().filter_map(|caller| caller.join().ok().flatten()).count();
        assert_eq!((opened, gate.state()), (1, State::Open));
    });
}

#[test]
fn loom_a_stale_success_never_closes_while_the_probe_fails() {
    loom::model(|| {
        let gate = Gate::new();
        let stale = permit(gate.admit(&LIMITS, || 0)).expect("closed");
        for _ in 0..LIMITS.failures {
            let failing = permit(gate.admit(&LIMITS, || 0)).expect("closed");
            gate.record(&failing, Verdict::Failure, &LIMITS, || 0);
        }
        let gate = Arc::new(gate);
        let other = gate.clone();
        let late = thread::spawn(move || other.record(&stale, Verdict::Success, &LIMITS, || 20));
        let probe = permit(gate.admit(&LIMITS, || 20)).expect("the only caller after the open time");
        gate.record(&probe, Verdict::Failure, &LIMITS, || 20);
        assert_eq!(late.join().expect("no panic"), None);
        assert_eq!(gate.state(), State::Open);
    });
}

#[test]
fn loom_a_dropped_probe_frees_its_place() {
    loom::model(|| {
        let gate = Arc::new(opened());
        let other = gate.clone();
        let dropped = thread::spawn(move || {
            if let Some(probe) = permit(other.admit(&LIMITS, || 20)) {
                other.record(&probe, Verdict::Ignore, &LIMITS, || 20);
            }
        });
        if let Some(probe) = permit(gate.admit(&LIMITS, || 20)) {
            gate.record(&probe, Verdict::Ignore, &LIMITS, || 20);
        }
        dropped.join().expect("no panic");
        let next = permit(gate.admit(&LIMITS, || 20)).expect("both places are free again");
        assert_eq!(gate.record(&next, Verdict::Success, &LIMITS, || 20), Some(State::Closed));
    });
}
