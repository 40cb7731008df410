use crate::timeout::*;
use crate::{Error, PolicyExt};
use std::{
    future::{pending, ready},
    time::Duration,
};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn limit(name: &str, after: Duration) -> Timeout {
    Timeout::new(name, after).unwrap()
}

#[tokio::test(start_paused = true)]
async fn cancels_what_takes_too_long_and_says_so() {
    let began = Instant::now();
    let late = limit("valuer", SECOND).call(pending::<Result<(), &str>>).await;
    assert_eq!(late, Err(Error::Timeout { policy: "valuer".into(), after: SECOND }));
    assert_eq!(began.elapsed(), SECOND);
    assert_eq!(late.unwrap_err().to_string(), "timeout `valuer`: no answer within 1s");
}

#[tokio::test(start_paused = true)]
async fn lets_through_what_is_in_time_also_at_the_limit_itself() {
    let limit = limit("t", SECOND);
    let slow = limit.call(|| async {
        tokio::time::sleep(SECOND).await;
        Ok::<_, &str>(1)
    });
    assert_eq!(slow.await, Ok(1));
}

/// No runtime, hence no timer: an answer that is ready never touches one.
#[test]
fn a_ready_answer_needs_no_timer() {
    let limit = limit("t", SECOND);
    let call = limit.call(|| ready(Ok::<_, &str>(1)));
    assert_eq!(futures::FutureExt::now_or_never(call), Some(Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn the_nearer_of_two_limits_fires_under_its_own_name() {
    for (outer, inner, expected) in [(1, 5, "outer"), (5, 1, "inner")] {
        let guard = (limit("outer", outer * SECOND), limit("inner", inner * SECOND));
        let began = Instant::now();
        let late = guard.call(pending::<Result<(), &str>>).await.unwrap_err();
        assert_eq!((late.policy(), began.elapsed()), (Some(expected), SECOND));
    }
}

/// Whoever set the deadline enforces it: the inner one arms no timer, which would fire first.
#[tokio::test(start_paused = true)]
async fn of_two_equal_limits_the_outer_fires() {
    let guard = (limit("outer", SECOND), limit("inner", SECOND));
    let late = guard.call(pending::<Result<(), &str>>).await.unwrap_err();
    assert_eq!((late.policy(), guard.1.timed_out()), (Some("outer"), 0));
}

#[tokio::test(start_paused = true)]
async fn the_operation_is_told_its_limit() {
    let guard = (limit("outer", 5 * SECOND), limit("inner", 2 * SECOND));
    let left = guard.call_with(|attempt| ready(Ok::<_, &str>(attempt.time_left())));
    assert_eq!(left.await, Ok(Some(2 * SECOND)));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_drops_the_operation() {
    struct Flag<'a>(&'a std::cell::Cell<bool>);
    impl Drop for Flag<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = std::cell::Cell::new(false);
    let limit = limit("t", SECOND);
    let mut call = Box::pin(limit.call(|| {
        let flag = Flag(&dropped);
        async move {
            let _flag = flag;
            pending::<Result<(), &str>>().await
        }
    }));
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    assert!(dropped.get());
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let said = Timeout::new("t", Duration::ZERO).unwrap_err().to_string();
    assert_eq!(said, "policy `t`: after = 0ns is out of range: it must be longer than 0s");
}
