use crate::{
    calls::{Next, Polled, Script, poll},
    reference,
};
use fastrand::Rng;
use mainstay_resilience::{
    BreakerConfig, CircuitBreaker, Error, PolicyExt, Verdict,
    breaker::{BreakerHandle, State, Window},
};
use std::{pin::Pin, time::Duration};

type Answer = Result<(), Error<bool>>;

/// A call and what the reference thinks it holds; `None` before its first poll.
struct Call<'b> {
    future: Pin<Box<dyn Future<Output = Answer> + 'b>>,
    script: Script,
    permit: Option<reference::Permit>,
}

fn random_config(random: &mut Rng) -> BreakerConfig {
    let ms = Duration::from_millis;
    let window = match random.u8(..4) {
        0 | 1 => Window::Consecutive,
        2 => Window::Count(random.u32(4..12)),
        _ => Window::Time(ms(random.u64(10..400))),
    };
    let slow = window != Window::Consecutive && random.bool();
    BreakerConfig::default()
        .window(window)
        .failure_threshold(random.u32(1..5))
        .failure_rate(f64::from(random.u8(1..=10)) / 10.0)
        .slow_call_rate(slow.then(|| f64::from(random.u8(1..=10)) / 10.0))
        .slow_call_after(ms(random.u64(1..40)))
        .minimum_calls(random.u32(1..5))
        .success_threshold(random.u16(1..4))
        .open_for(ms(random.u64(1..100)))
        .open_backoff([1.0, 1.5, 3.0][random.usize(..3)])
        .open_for_max(ms(random.u64(1..300)))
        .max_probes(random.u16(1..4))
        .probe_lease(ms(random.u64(1..100)))
        .ramp([vec![], vec![0.25], vec![0.1, 0.5]][random.usize(..3)].clone())
        .ramp_step(ms(random.u64(1..60)))
        .abandoned(
            [Verdict::Ignore, Verdict::Failure, Verdict::Success, Verdict::Abandoned][random.usize(..4)],
        )
        .shadow(random.u8(..8) == 0)
}

fn ignores(error: &Error<bool>) -> bool {
    matches!(error, Error::Operation(false))
}

async fn run(seed: u64, steps: u64) {
    let mut random = Rng::with_seed(seed);
    let config = random_config(&mut random);
    let mut reference = reference::Breaker::new(config.clone());
    let breaker = CircuitBreaker::new("b", config).unwrap().fail_if(ignores);
    let handle = breaker.handle();
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut now = 0;
    for step in 0..steps {
        let at =
            || format!("seed {seed}, step {step}, {:?}, {:?}", reference_state(&handle), handle.config());
        match random.u8(..100) {
            0..25 => {
                let script = Script::new();
                let operation = script.clone();
                let future = Box::pin(async { breaker.call(move || operation.start()).await });
                calls.push(Call { future, script, permit: None });
            }
            25..70 if !calls.is_empty() => {
                let index = random.usize(..calls.len());
                let call = &mut calls[index];
                call.script.next.set(match random.u8(..12) {
                    0..4 => Next::Wait,
                    4..7 => Next::Succeed,
                    7..10 => Next::Fail,
                    10 => Next::FailIgnored,
                    _ => Next::Panic,
                });
                if poll_and_compare(call, &mut reference, now, &at) {
                    drop(calls.swap_remove(index));
                }
            }
            70..80 if !calls.is_empty() => {
                let call = calls.swap_remove(random.usize(..calls.len()));
                drop(call.future);
                if let Some(permit) = call.permit {
                    let verdict = reference.config.abandoned;
                    reference.record(permit, verdict, now);
                }
            }
            80..96 => {
                let most = [3, 30, 300][random.usize(..3)];
                let passes = random.u64(..most);
                now += passes;
                tokio::time::advance(Duration::from_millis(passes)).await;
            }
            96 | 97 => {
                let config = random_config(&mut random);
                breaker.reconfigure(config.clone()).unwrap();
                reference.reconfigure(config);
            }
            98 => {
                let (force, state): (fn(&BreakerHandle), _) = match random.u8(..6) {
                    0 => (BreakerHandle::force_open, State::ForcedOpen),
                    1 => (BreakerHandle::force_closed, State::ForcedClosed),
                    2 => (BreakerHandle::disable, State::Disabled),
                    _ => (BreakerHandle::reset, State::Closed),
                };
                force(&handle);
                reference.force(state);
            }
            _ => {}
        }
        compare(&handle, &reference, now, &at);
    }
    // Every permit that is out comes back: what is then left is as good as new.
    drop(calls);
    handle.reset();
    assert_eq!(breaker.call(|| async { Ok::<_, bool>(()) }).await, Ok(()), "seed {seed}");
}

/// `true` where the call is over.
fn poll_and_compare(
    call: &mut Call<'_>,
    reference: &mut reference::Breaker,
    now: u64,
    at: &dyn Fn() -> String,
) -> bool {
    let polled = poll(&mut call.future);
    if call.permit.is_none() {
        match reference.admit(now) {
            Ok(permit) => call.permit = Some(permit),
            Err(reference::Answer::Rejected { retry_after }) => {
                let Polled::Ready(Err(Error::CircuitOpen { retry_after: said, .. })) = &polled else {
                    panic!("{polled:?}, should be rejected: {}", at());
                };
                assert_eq!(said.map(|after| after.as_millis() as u64), retry_after, "{}", at());
                assert_eq!(call.script.starts.get(), 0, "{}", at());
                return true;
            }
        }
    }
    let permit = call.permit.as_mut().unwrap();
    assert_eq!(call.script.starts.get(), 1, "{}", at());
    let (expected, verdict) = match call.script.next.get() {
        Next::Wait => {
            if permit.waiting_since.is_none() && reference.is_timed() {
                permit.waiting_since = Some(now);
            }
            assert_eq!(polled, Polled::Pending, "{}", at());
            return false;
        }
        Next::Succeed => (Polled::Ready(Ok(())), Verdict::Success),
        Next::Fail => (Polled::Ready(Err(Error::Operation(false))), Verdict::Failure),
        Next::FailIgnored => (Polled::Ready(Err(Error::Operation(true))), Verdict::Ignore),
        Next::Panic => (Polled::Panicked, Verdict::Failure),
    };
    assert_eq!(polled, expected, "{}", at());
    // A call that panicked counts when its future is dropped, which is what happens next.
    reference.record(*permit, verdict, now);
    true
}

fn reference_state(handle: &BreakerHandle) -> String {
    handle.explain().to_string()
}

fn compare(handle: &BreakerHandle, reference: &reference::Breaker, now: u64, at: &dyn Fn() -> String) {
    let (snapshot, explanation) = (handle.snapshot(), handle.explain());
    assert_eq!(snapshot.state, reference.state, "{}", at());
    assert_eq!(
        [snapshot.trips, snapshot.rejected, snapshot.would_reject, snapshot.stale],
        [reference.trips, reference.rejected, reference.would_reject, reference.stale],
        "{}",
        at()
    );
    match reference.state {
        State::Open => {
            let next = explanation.next_probe.unwrap().as_millis() as u64;
            assert_eq!(next, reference.until.saturating_sub(now), "{}", at());
        }
        State::HalfOpen => {
            assert_eq!(explanation.probes, Some(reference.probes), "{}", at());
            assert!(reference.probes.0 <= 3, "never more than the most there may be: {}", at());
        }
        State::Closed | State::Ramping => {
            if let Some(window) = snapshot.window {
                let expected = reference.tally(now);
                assert_eq!((window.calls, window.failures, window.slow), expected, "{}", at());
            }
        }
        _ => {}
    }
    assert_eq!(explanation.opened_before, reference.streak, "{}", at());
}

#[test]
fn a_breaker_does_as_its_reference_does() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    crate::runs(2_000, |seed| runtime.block_on(run(seed, 2_000)));
}
