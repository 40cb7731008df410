use crate::{
    calls::{Next, Polled, Script, poll},
    reference::{self, Turn},
};
use fastrand::Rng;
use mainstay_resilience::{
    Bulkhead, BulkheadConfig, Error, PolicyExt, ShedReason,
    bulkhead::{Discipline, Priority},
};
use std::{pin::Pin, time::Duration};

type Answer = Result<(), Error<bool>>;

/// A call and where the reference thinks it is.
struct Call<'b> {
    future: Pin<Box<dyn Future<Output = Answer> + 'b>>,
    script: Script,
    priority: Priority,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Unasked,
    InLine { ticket: u64, until: Option<u64> },
    Running,
}

fn random_config(random: &mut Rng) -> BulkheadConfig {
    let patience = random.bool().then(|| Duration::from_millis(random.u64(1..50)));
    let discipline = match random.u8(..3) {
        0 => Discipline::AdaptiveLifo { fifo_up_to: random.usize(..4) },
        _ => Discipline::Fifo,
    };
    BulkheadConfig::NORMAL
        .max_concurrent(random.usize(1..5))
        .max_queued(random.usize(..6))
        .queue_timeout(patience)
        .discipline(discipline)
}

async fn run(seed: u64, steps: u64) {
    let mut random = Rng::with_seed(seed);
    let config = random_config(&mut random);
    let mut reference = reference::Bulkhead::new(config.clone());
    let bulkhead = Bulkhead::new("k", config).unwrap();
    let views = Priority::ALL.map(|priority| bulkhead.prioritized(priority));
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut now = 0;
    for step in 0..steps {
        let at = || format!("seed {seed}, step {step}, {:?}, {:?}", bulkhead.snapshot(), bulkhead.config());
        match random.u8(..100) {
            0..25 => {
                let script = Script::new();
                let operation = script.clone();
                let priority = Priority::ALL[random.usize(..4)];
                let view = &views[priority as usize];
                let future = Box::pin(async move { view.call(move || operation.start()).await });
                calls.push(Call { future, script, priority, place: Place::Unasked });
            }
            25..75 if !calls.is_empty() => {
                let index = random.usize(..calls.len());
                let call = &mut calls[index];
                call.script.next.set(match random.u8(..12) {
                    0..6 => Next::Wait,
                    6..9 => Next::Succeed,
                    9..11 => Next::Fail,
                    _ => Next::Panic,
                });
                if poll_and_compare(call, &mut reference, now, &at) {
                    drop(calls.swap_remove(index));
                }
            }
            75..85 if !calls.is_empty() => {
                let call = calls.swap_remove(random.usize(..calls.len()));
                drop(call.future);
                match call.place {
                    Place::Unasked => {}
                    Place::InLine { ticket, .. } => reference.give_up(ticket),
                    Place::Running => reference.leave(),
                }
            }
            85..96 => {
                let passes = random.u64(..20);
                now += passes;
                tokio::time::advance(Duration::from_millis(passes)).await;
            }
            96 | 97 => {
                let config = random_config(&mut random);
                bulkhead.reconfigure(config.clone()).unwrap();
                reference.reconfigure(config);
            }
            _ => {}
        }
        let snapshot = bulkhead.snapshot();
        assert_eq!(
            (snapshot.running, snapshot.queued, snapshot.rejected),
            (reference.running, reference.queued(), reference.rejected),
            "{}",
            at()
        );
    }
    drop(calls);
    let left = bulkhead.snapshot();
    assert_eq!((left.running, left.queued), (0, 0), "seed {seed}");
}

/// `true` where the call is over.
fn poll_and_compare(
    call: &mut Call<'_>,
    reference: &mut reference::Bulkhead,
    now: u64,
    at: &dyn Fn() -> String,
) -> bool {
    let polled = poll(&mut call.future);
    if call.place != Place::Running {
        let turn = match call.place {
            Place::InLine { ticket, until } => {
                reference.ask_again(ticket, until.is_some_and(|until| now >= until))
            }
            _ => reference.ask(call.priority),
        };
        match turn {
            Turn::Entered => call.place = Place::Running,
            Turn::Waits(ticket) => {
                assert_eq!(polled, Polled::Pending, "{}", at());
                assert_eq!(call.script.starts.get(), 0, "{}", at());
                if call.place == Place::Unasked {
                    let patience = reference.config.queue_timeout;
                    let until = patience.map(|patience| now + patience.as_millis() as u64);
                    call.place = Place::InLine { ticket, until };
                }
                return false;
            }
            Turn::Full | Turn::TooLong => {
                let is_full = matches!(polled, Polled::Ready(Err(Error::BulkheadFull { .. })));
                assert!(is_full, "{polled:?}: {}", at());
                return true;
            }
            Turn::Displaced => {
                let shed = Polled::Ready(Err(Error::Shed {
                    policy: "k".into(),
                    reason: ShedReason::Priority,
                    retry_after: None,
                }));
                assert_eq!(polled, shed, "{}", at());
                return true;
            }
        }
    }
    assert_eq!(call.script.starts.get(), 1, "{}", at());
    let expected = match call.script.next.get() {
        Next::Wait => {
            assert_eq!(polled, Polled::Pending, "{}", at());
            return false;
        }
        Next::Succeed => Polled::Ready(Ok(())),
        Next::Fail | Next::FailIgnored => Polled::Ready(Err(Error::Operation(false))),
        Next::Panic => Polled::Panicked,
    };
    assert_eq!(polled, expected, "{}", at());
    reference.leave();
    true
}

#[test]
fn a_bulkhead_does_as_its_reference_does() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    crate::runs(2_000, |seed| runtime.block_on(run(seed, 2_000)));
}
