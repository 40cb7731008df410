use super::*;
use crate::PolicyExt;
use std::{cell::Cell, future::ready};

#[tokio::test(start_paused = true)]
async fn dropped_in_a_pause_it_makes_no_further_attempt() {
    let retry = Retry::new("r", exact(5)).unwrap();
    let attempts = Cell::new(0);
    {
        let call = retry.call(|| {
            attempts.set(attempts.get() + 1);
            ready(Err::<(), _>("down"))
        });
        let mut call = Box::pin(call);
        assert!(futures::poll!(call.as_mut()).is_pending());
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(attempts.get(), 1);
}

/// Polled `k` times and dropped, for every `k`: whatever it waits for, it leaves no place taken and no attempt running.
#[tokio::test(start_paused = true)]
async fn polled_so_often_and_dropped_it_leaves_nothing_held() {
    let bulkhead = crate::Bulkhead::new("k", crate::BulkheadConfig::FAST).unwrap();
    let config = exact(4).attempt_timeout(ms(200)).max_elapsed(ms(60_000));
    let guard = (Retry::new("r", config).unwrap(), &bulkhead);
    let running = Cell::new(0);
    let running = &running;
    struct Running<'a>(&'a Cell<i32>);
    impl Drop for Running<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let mut polls = 0;
    for k in 0.. {
        let call = guard.call_with(|attempt| async move {
            running.set(running.get() + 1);
            let _running = Running(running);
            tokio::task::yield_now().await;
            tokio::time::sleep(ms(if attempt.number() == 2 { 1_000 } else { 50 })).await;
            Err::<(), _>("down")
        });
        let mut call = Box::pin(call);
        let mut ended = false;
        for _ in 0..k {
            ended = futures::poll!(call.as_mut()).is_ready();
            if ended {
                break;
            }
            tokio::time::advance(ms(25)).await;
        }
        drop(call);
        assert_eq!((running.get(), bulkhead.snapshot().running), (0, 0), "after {k} polls");
        if ended {
            polls = k;
            break;
        }
    }
    assert!(polls > 20, "it took {polls} polls to the end");
}

/// Nothing happens before the first poll.
#[test]
fn never_polled_it_starts_nothing() {
    let started = Cell::new(false);
    let retry = Retry::new("r", exact(3)).unwrap();
    drop(retry.call(|| {
        started.set(true);
        ready(Ok::<_, &str>(()))
    }));
    assert!(!started.get());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_classifier_or_the_hook_leaves_the_policy_usable() {
    use crate::{Error, Verdict};
    use std::panic::AssertUnwindSafe;
    let panics = Cell::new(true);
    let retry = Retry::new("r", exact(2))
        .unwrap()
        .classify(|outcome: Result<&u32, &Error<&str>>| {
            assert!(!panics.get(), "a classifier's own fault");
            if outcome.is_ok() { Verdict::Success } else { Verdict::Failure }
        })
        .notify(|_: Result<&u32, &Error<&str>>, _, _| panic!("a hook's own fault"));
    for _ in 0..2 {
        let call = AssertUnwindSafe(retry.call(|| ready(Err::<u32, _>("down"))));
        assert!(futures::FutureExt::catch_unwind(call).await.is_err());
        panics.set(false);
    }
    assert_eq!(retry.call(|| ready(Ok::<u32, &str>(7))).await, Ok(7));
}
