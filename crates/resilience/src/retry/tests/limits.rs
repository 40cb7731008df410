use super::*;
use crate::{Attempt, Error, PolicyExt, StoppedBy, Timeout};
use std::{cell::RefCell, future::ready};
use tokio::time::Instant;

/// ihrwein/backoff#42, backon#43: no attempt after the deadline, and no sleep up to it for nothing.
#[tokio::test(start_paused = true)]
async fn never_sleeps_past_the_callers_deadline() {
    let guard = (Timeout::new("t", ms(450)).unwrap(), Retry::new("r", exact(10)).unwrap());
    let began = Instant::now();
    let failed = guard.call(|| async {
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    let error = failed.await.unwrap_err();
    // Attempts run 0-50, 150-200 and 400-450 ms; a pause of 400 ms would end after the deadline.
    let in_time =
        matches!(error, Error::RetriesExhausted { stopped_by: StoppedBy::Deadline, attempts: 3, .. });
    assert!(in_time, "{error:?}");
    assert_eq!(began.elapsed(), ms(450));
    let tight = (Timeout::new("t", ms(120)).unwrap(), Retry::new("r", exact(10)).unwrap());
    let began = Instant::now();
    let failed = tight.call(|| async {
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    assert_eq!(failed.await, Err(Error::Operation("down")));
    assert_eq!(began.elapsed(), ms(50), "it gave up at once instead of sleeping");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_sees_the_time_that_is_left() {
    let guard = (Timeout::new("t", ms(1_000)).unwrap(), Retry::new("r", exact(3)).unwrap());
    let seen = RefCell::new(Vec::new());
    let seen = &seen;
    let failed = guard.call_with(|attempt: Attempt| async move {
        seen.borrow_mut().push(attempt.time_left().unwrap());
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    failed.await.unwrap_err();
    assert_eq!(*seen.borrow(), [1000, 850, 600].map(ms));
}

/// An operation that fails after 50 ms, and notes when it was started.
macro_rules! failing {
    ($starts:ident, $began:ident) => {
        || async {
            $starts.borrow_mut().push($began.elapsed());
            tokio::time::sleep(ms(50)).await;
            Err::<(), _>("down")
        }
    };
}

/// ihrwein/backoff#42: attempts happened beyond the longest series. TrueLayer/retry-policies#23: a number of attempts and
/// a duration, whichever ends first.
#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_longest_series() {
    for (max_elapsed, expected, stopped_by) in [
        (ms(399), vec![0, 150], StoppedBy::MaxElapsed),
        (ms(400), vec![0, 150, 400], StoppedBy::MaxElapsed),
        (ms(10_000), vec![0, 150, 400, 850], StoppedBy::Attempts),
    ] {
        let retry = Retry::new("r", exact(4).max_elapsed(max_elapsed)).unwrap();
        let (began, starts) = (Instant::now(), RefCell::new(Vec::new()));
        let error = retry.call(failing!(starts, began)).await.unwrap_err();
        assert_eq!(*starts.borrow(), expected.iter().copied().map(ms).collect::<Vec<_>>());
        let Error::RetriesExhausted { stopped_by: found, .. } = error else { panic!("{error:?}") };
        assert_eq!(found, stopped_by);
        assert!(began.elapsed() <= *starts.borrow().last().unwrap() + ms(50), "it did not sleep in vain");
    }
}

/// An operation that is never ready at once but fails without a `Pending` has its time counted from the first failure.
#[tokio::test(start_paused = true)]
async fn the_longest_series_holds_for_attempts_that_fail_at_once() {
    let retry = Retry::new("r", exact(10).max_elapsed(ms(700))).unwrap();
    let began = Instant::now();
    let error = retry.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert!(matches!(error, Error::RetriesExhausted { attempts: 4, stopped_by: StoppedBy::MaxElapsed, .. }));
    assert_eq!(began.elapsed(), ms(700));
}

#[derive(Clone, Debug, PartialEq)]
struct Busy(Duration);

fn asked(busy: &Busy) -> Option<Duration> {
    Some(busy.0)
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_as_long_as_the_callee_asks() {
    let retry = Retry::new("r", exact(3)).unwrap().retry_after(asked);
    let began = Instant::now();
    let answer = retry.call_with(|attempt: Attempt| {
        ready(match attempt.number() {
            1 => Err(Busy(ms(5_000))),
            2 => Err(Busy(ms(20))),
            _ => Ok(began.elapsed()),
        })
    });
    assert_eq!(answer.await, Ok(ms(5_200)), "asked for 5 s, then for less than the pause of 200 ms");
}

/// cenkalti/backoff#159: a server that asks for 30 minutes against a longest series of 15 silently disabled the retry. It
/// ends at once, after one attempt, and says so.
#[tokio::test(start_paused = true)]
async fn a_callee_that_asks_for_more_than_there_is_ends_the_series_with_an_error_that_says_so() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let plain = exact(5).max_retry_after(minutes(60));
    for (config, limit) in [
        (plain.clone().max_elapsed(minutes(15)), None),
        (plain.clone(), Some(Timeout::new("t", minutes(15)).unwrap())),
        (plain.max_retry_after(minutes(15)), None),
    ] {
        let guard = (limit, Retry::new("r", config).unwrap().retry_after(asked));
        let began = Instant::now();
        let error = guard.call(|| ready(Err::<(), _>(Busy(minutes(30))))).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(error.retry_after(), Some(minutes(30)));
        assert_eq!(error.operation(), Some(&Busy(minutes(30))));
        let Error::RetriesExhausted { attempts: 1, stopped_by, .. } = error else { panic!("{error:?}") };
        assert_eq!(stopped_by, StoppedBy::RetryAfter(minutes(30)));
        assert_eq!(stopped_by.to_string(), "asked to wait 1800s, which is longer than there is time for");
    }
}

/// The rejection of a policy further in is heeded, too, where a classifier calls it a failure.
#[tokio::test(start_paused = true)]
async fn a_rejections_own_hint_is_heeded() {
    let retry = Retry::new("r", exact(2)).unwrap().retry_if(Error::is_rejection);
    let began = Instant::now();
    let limited = retry.call_with(|attempt: Attempt| async move {
        if attempt.number() == 1 { Err("unused") } else { Ok(()) }
    });
    assert_eq!(limited.await, Err(Error::Operation("unused")), "an operation's error is not transient here");
    let breaker = crate::CircuitBreaker::new(
        "b",
        crate::BreakerConfig::default().failure_threshold(1).open_for(ms(3_000)),
    )
    .unwrap();
    breaker.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    let guard = (&retry, &breaker);
    assert_eq!(guard.call(|| ready(Ok::<_, &str>(7))).await, Ok(7));
    assert_eq!(began.elapsed(), ms(3_000), "as long as the breaker asked for");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_dropped_and_tried_again() {
    let retry = Retry::new("valuer", exact(3).attempt_timeout(ms(200))).unwrap();
    let (began, seen) = (Instant::now(), RefCell::new(Vec::new()));
    let seen = &seen;
    let answer = retry.call_with(|attempt: Attempt| async move {
        seen.borrow_mut().push((began.elapsed(), attempt.time_left()));
        tokio::time::sleep(ms(if attempt.number() < 3 { 10_000 } else { 150 })).await;
        Ok::<_, &str>(attempt.number())
    });
    assert_eq!(answer.await, Ok(3));
    assert_eq!(*seen.borrow(), [0, 300, 700].map(|start| (ms(start), Some(ms(200)))));
    assert_eq!((retry.stats().timed_out, retry.stats().recovered), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn when_every_attempt_takes_too_long_the_error_is_a_timeout() {
    let retry = Retry::new("valuer", exact(2).attempt_timeout(ms(200))).unwrap();
    let error = retry.call(std::future::pending::<Result<(), &str>>).await.unwrap_err();
    assert!(error.is_timeout());
    let Error::RetriesExhausted { attempts: 2, last, .. } = error else { panic!("{error:?}") };
    assert_eq!(*last, Error::Timeout { policy: "valuer".into(), after: ms(200) });
    let once = Retry::new("once", RetryConfig::NONE.attempt_timeout(ms(200))).unwrap();
    let error = once.call(std::future::pending::<Result<(), &str>>).await.unwrap_err();
    assert_eq!(error, Error::Timeout { policy: "once".into(), after: ms(200) });
}

/// What a timed-out attempt held is free before anybody hears of it, also where it was the last.
#[tokio::test(start_paused = true)]
async fn a_timed_out_attempt_holds_nothing_any_more() {
    use crate::telemetry::{Event, OnEvent};
    let bulkhead = crate::Bulkhead::new("k", crate::BulkheadConfig::FAST).unwrap();
    let running = std::sync::Mutex::new(Vec::new());
    let retry = Retry::new("r", exact(2).attempt_timeout(ms(200))).unwrap();
    let retry = retry.observe(OnEvent::new(|_: &_, event| {
        if matches!(event, Event::TimedOut(_)) {
            running.lock().unwrap().push(bulkhead.snapshot().running);
        }
    }));
    let guard = (retry, &bulkhead);
    let call = guard.call(std::future::pending::<Result<(), &str>>);
    let mut call = std::pin::pin!(call);
    assert!(futures::poll!(call.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().running, 1);
    tokio::time::sleep(ms(250)).await;
    assert!(futures::poll!(call.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().running, 0, "in the pause from 200 to 300 ms");
    call.await.unwrap_err();
    assert_eq!(*running.lock().unwrap(), [0, 0]);
}

/// A pause that ends at the deadline itself would end in vain.
#[tokio::test(start_paused = true)]
async fn a_pause_to_the_deadline_itself_is_not_begun() {
    for (limit, attempts) in [(300, 2), (301, 3)] {
        let guard = (Timeout::new("t", ms(limit)).unwrap(), Retry::new("r", exact(3)).unwrap());
        let made = std::cell::Cell::new(0);
        let failed = guard.call(|| {
            made.set(made.get() + 1);
            ready(Err::<(), _>("down"))
        });
        failed.await.unwrap_err();
        assert_eq!(made.get(), attempts, "pauses of 100 and 200 ms within {limit} ms");
    }
}

/// A long pause that the callee asked for does not make the policy's own pauses longer.
#[tokio::test(start_paused = true)]
async fn decorrelated_pauses_do_not_grow_by_what_the_callee_asked_for() {
    let config = exact(3).jitter(Jitter::Decorrelated).max(ms(10_000)).seed(1);
    let retry = Retry::new("r", config).unwrap().retry_after(asked);
    let pauses = RefCell::new(Vec::new());
    let retry = retry.notify(|_: Result<&(), &Error<Busy>>, _, pause| pauses.borrow_mut().push(pause));
    let failed = retry.call_with(|attempt: Attempt| {
        ready(Err::<(), _>(Busy(if attempt.number() == 1 { ms(5_000) } else { ms(0) })))
    });
    failed.await.unwrap_err();
    assert_eq!(pauses.borrow()[0], ms(5_000));
    assert!(pauses.borrow()[1] <= ms(900), "three times 300 ms at most: {pauses:?}");
}

#[test]
fn the_bound_knows_the_limits() {
    use crate::Describe;
    let bound = |config: RetryConfig| Retry::new("r", config).unwrap().bound();
    let (limited, series) = (exact(3).attempt_timeout(ms(200)), Some(ms(3 * 200 + 300)));
    assert_eq!((bound(limited.clone()).attempts, bound(limited.clone()).time), (3, series));
    // The last attempt starts after 250 ms at the latest.
    assert_eq!(bound(limited.clone().max_elapsed(ms(250))).time, Some(ms(450)));
    assert_eq!(bound(limited.clone().shadow(true)).attempts, 1);
    let asking = Retry::new("r", limited.max_retry_after(ms(4_000))).unwrap().retry_after(asked);
    assert_eq!(asking.bound().time, Some(ms(3 * 200 + 2 * 4_000)), "a callee may ask for 4 s each time");
}
