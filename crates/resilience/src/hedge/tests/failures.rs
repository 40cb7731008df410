use super::*;
use crate::{Attempt, Error, PolicyExt, Verdict};
use std::{cell::RefCell, future::ready};
use tokio::time::Instant;

/// A copy that fails does not end the call while another runs.
#[tokio::test(start_paused = true)]
async fn a_failed_copy_leaves_the_answer_to_the_others() {
    for failing in [0, 1] {
        let hedge = Hedge::new("h", after(50)).unwrap();
        let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
            tokio::time::sleep(ms(if attempt.copy() == failing { 70 } else { 300 })).await;
            if attempt.copy() == failing { Err("down") } else { Ok(attempt.copy()) }
        });
        assert_eq!(answer.await, Ok(1 - failing));
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_last_error_is_the_answer() {
    let hedge = Hedge::new("h", after(50).max_copies(2)).unwrap();
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        tokio::time::sleep(ms(200)).await;
        Err::<(), _>(attempt.copy())
    });
    assert_eq!(answer.await, Err(Error::Operation(2)));
    assert_eq!((hedge.stats().failed, hedge.stats().won_by_copy), (1, 0));
}

/// With nothing running there is nothing to wait for: the next copy starts at once.
#[tokio::test(start_paused = true)]
async fn a_call_that_fails_early_is_copied_at_once() {
    let hedge = Hedge::new("h", after(5_000)).unwrap();
    let began = Instant::now();
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        tokio::time::sleep(ms(10)).await;
        if attempt.copy() == 0 { Err("down") } else { Ok(attempt.copy()) }
    });
    assert_eq!((answer.await, began.elapsed()), (Ok(1), ms(20)));
}

#[tokio::test(start_paused = true)]
async fn only_after_failure_nothing_runs_side_by_side() {
    let hedge = Hedge::new("h", after(0).only_after_failure(true).max_copies(2)).unwrap();
    let (alive, starts, began) = (Cell::new(0), RefCell::new(Vec::new()), Instant::now());
    let (alive, starts) = (&alive, &starts);
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        let _alive = Alive::new(alive);
        starts.borrow_mut().push((alive.get(), began.elapsed()));
        tokio::time::sleep(ms(10_000)).await;
        if attempt.copy() < 2 { Err("down") } else { Ok(()) }
    });
    answer.await.unwrap();
    assert_eq!(*starts.borrow(), [0, 10_000, 20_000].map(|at| (1, ms(at))));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_at_once_is_copied_without_a_pending() {
    let hedge = Hedge::new("h", after(1_000).max_copies(2)).unwrap();
    let answer = hedge.call_idempotent_with(|attempt: Attempt| {
        ready(if attempt.copy() < 2 { Err("down") } else { Ok(attempt.copy()) })
    });
    assert_eq!(answer.await, Ok(2));
}

/// An error that is an answer ends the call; a value that is none does not.
#[tokio::test(start_paused = true)]
async fn each_copys_outcome_is_judged_by_the_classifier() {
    let hedge = Hedge::new("h", after(50))
        .unwrap()
        .fail_if(|error: &Error<&str>| error.operation() != Some(&"no such home"));
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        tokio::time::sleep(ms(60)).await;
        Err::<(), _>(if attempt.copy() == 0 { "no such home" } else { "down" })
    });
    assert_eq!(answer.await, Err(Error::Operation("no such home")));
    let hedge = Hedge::new("h", after(50)).unwrap().classify(|outcome: Result<&u32, &Error<&str>>| {
        if outcome == Ok(&0) { Verdict::Failure } else { Verdict::Success }
    });
    let answer = hedge.call_idempotent_with(|attempt: Attempt| ready(Ok(attempt.copy())));
    assert_eq!(answer.await, Ok(1));
}

/// A copy that a policy further in turns away does not beat a call that still runs.
#[tokio::test(start_paused = true)]
async fn a_rejected_copy_is_no_answer() {
    let bulkhead =
        crate::Bulkhead::new("k", crate::BulkheadConfig::FAST.max_concurrent(1).max_queued(0)).unwrap();
    let guard = (Hedge::new("h", after(50)).unwrap(), &bulkhead);
    let answer = guard.call_idempotent_with(|attempt: Attempt| async move {
        tokio::time::sleep(ms(200)).await;
        Ok::<_, &str>(attempt.copy())
    });
    assert_eq!(answer.await, Ok(0));
    assert_eq!(guard.0.stats().copies, 1);
}

/// Nor at the deadline itself, where the timer of a copy and that of the caller run out together.
#[tokio::test(start_paused = true)]
async fn no_copy_starts_after_the_callers_deadline() {
    for (delay, expected) in [(50, vec![120, 70, 20]), (60, vec![120, 60])] {
        let hedge = Hedge::new("h", after(delay).max_copies(10)).unwrap();
        let guard = (crate::Timeout::new("t", ms(120)).unwrap(), hedge);
        let seen = RefCell::new(Vec::new());
        let seen = &seen;
        let answer = guard.call_idempotent_with(|attempt: Attempt| async move {
            seen.borrow_mut().push(attempt.time_left().unwrap());
            std::future::pending::<Result<(), &str>>().await
        });
        assert!(answer.await.unwrap_err().is_timeout());
        assert_eq!(*seen.borrow(), expected.into_iter().map(ms).collect::<Vec<_>>());
    }
}
