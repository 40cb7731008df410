use crate::{
    calls::{Next, Polled, Script, poll},
    reference::{Comes, Does, Series},
};
use fastrand::Rng;
use mainstay_resilience::{
    Attempt, Error, Jitter, PolicyExt, Retry, RetryConfig,
    retry::{Backoff, RetryStats},
};
use std::{pin::Pin, time::Duration};

type Answer = Result<(), Error<bool>>;

struct Call<'r> {
    future: Pin<Box<dyn Future<Output = Answer> + 'r>>,
    script: Script,
    series: Series,
}

fn random_config(random: &mut Rng) -> RetryConfig {
    let ms = Duration::from_millis;
    let initial = random.u64(1..20);
    let backoffs = [Backoff::Constant, Backoff::Linear, Backoff::Exponential, Backoff::Fibonacci];
    RetryConfig::FAST
        .max_attempts(random.u32(1..8))
        .backoff(backoffs[random.usize(..4)])
        .initial(ms(initial))
        .max(ms(initial + random.u64(..60)))
        .multiplier(f64::from(random.u8(1..4)))
        .jitter(Jitter::None)
        .attempt_timeout(random.bool().then(|| ms(random.u64(1..30))))
        .max_elapsed(random.bool().then(|| ms(random.u64(1..100))))
}

fn is_transient(error: &Error<bool>) -> bool {
    !matches!(error, Error::Operation(true))
}

async fn run(seed: u64, steps: u64) {
    let mut random = Rng::with_seed(seed);
    let retry = Retry::new("r", random_config(&mut random)).unwrap().retry_if(is_transient);
    let mut expected = RetryStats::default();
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut now = 0;
    for step in 0..steps {
        let at = || format!("seed {seed}, step {step}, {:?}", retry.config());
        match random.u8(..100) {
            0..20 => {
                let left = random.bool().then(|| random.u64(1..150));
                let first = left
                    .map_or(Attempt::first(), |left| Attempt::first().within(Duration::from_millis(left)));
                let script = Script::new();
                let operation = script.clone();
                let retry = &retry;
                let future = Box::pin(async move { retry.call_within(first, |_| operation.start()).await });
                calls.push(Call { future, script, series: Series::new((*retry.config()).clone(), left) });
            }
            20..70 if !calls.is_empty() => {
                let index = random.usize(..calls.len());
                if poll_and_compare(&mut calls[index], &mut random, &mut expected, now, &at) {
                    drop(calls.swap_remove(index));
                }
            }
            70..76 if !calls.is_empty() => {
                drop(calls.swap_remove(random.usize(..calls.len())));
            }
            76.. => {
                let passes = random.u64(..15);
                now += passes;
                tokio::time::advance(Duration::from_millis(passes)).await;
            }
            _ => {}
        }
        let stats = retry.stats();
        assert_eq!(
            (stats.retried, stats.extra_attempts, stats.recovered, stats.exhausted),
            (expected.retried, expected.extra_attempts, expected.recovered, expected.exhausted),
            "{}",
            at()
        );
    }
}

/// `true` where the call is over.
fn poll_and_compare(
    call: &mut Call<'_>,
    random: &mut Rng,
    expected: &mut RetryStats,
    now: u64,
    at: &dyn Fn() -> String,
) -> bool {
    let (next, does) = match random.u8(..20) {
        0..7 => (Next::Wait, Does::Waits),
        7..9 => (Next::Succeed, Does::Succeeds),
        9..18 => (Next::Fail, Does::Fails),
        18 => (Next::FailIgnored, Does::FailsForGood),
        _ => (Next::Panic, Does::Waits),
    };
    call.script.next.set(next);
    let before = call.series.pauses;
    let polled = poll(&mut call.future);
    if polled == Polled::Panicked {
        return true;
    }
    let comes = call.series.poll(does, now);
    assert_eq!(call.script.starts.get(), call.series.attempts, "{}", at());
    count(expected, before, &call.series, &comes);
    let gave_up = |answer: &Answer, attempts: u32, timed_out: bool| match answer {
        Err(Error::RetriesExhausted { attempts: said, last, .. }) => {
            *said == attempts && attempts > 1 && matches!(**last, Error::Timeout { .. }) == timed_out
        }
        Err(error) => attempts == 1 && matches!(error, Error::Timeout { .. }) == timed_out,
        Ok(()) => false,
    };
    match (&comes, &polled) {
        (Comes::Pending, Polled::Pending) => false,
        (Comes::Succeeded, Polled::Ready(Ok(()))) => true,
        (Comes::FailedForGood, Polled::Ready(Err(Error::Operation(true)))) => true,
        (Comes::GaveUp { attempts, stopped_by, timed_out }, Polled::Ready(answer))
            if gave_up(answer, *attempts, *timed_out) =>
        {
            if let Err(Error::RetriesExhausted { stopped_by: said, .. }) = answer {
                assert_eq!(said, stopped_by, "{}", at());
            }
            true
        }
        _ => panic!("{polled:?}, should be {comes:?}: {}", at()),
    }
}

fn count(expected: &mut RetryStats, pauses_before: u64, series: &Series, comes: &Comes) {
    expected.extra_attempts += series.pauses - pauses_before;
    expected.retried += u64::from(pauses_before == 0 && series.pauses > 0);
    expected.recovered += u64::from(*comes == Comes::Succeeded && series.attempts > 1);
    expected.exhausted += u64::from(matches!(comes, Comes::GaveUp { .. }));
}

#[test]
fn a_retry_does_as_its_reference_does() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    crate::runs(2_000, |seed| runtime.block_on(run(seed, 2_000)));
}
