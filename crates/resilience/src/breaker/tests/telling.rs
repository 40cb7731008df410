//! What it tells those who watch, listen and ask.

use super::*;
use crate::telemetry::{Event, OnEvent};
use parking_lot::Mutex;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_every_call_and_every_step() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = heard.clone();
    let breaker = breaker(small().success_threshold(1)).observe(OnEvent::new(move |policy, event| {
        hearing.lock().push((policy.to_string(), event));
    }));
    succeed(&breaker).await.unwrap();
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    succeed(&breaker).await.unwrap_err();
    advance(10 * SECOND).await;
    succeed(&breaker).await.unwrap();
    let heard: Vec<_> = heard.lock().iter().map(|(_, event)| *event).collect();
    let moved = |from, to| Event::Transition { from, to };
    assert_eq!(
        heard,
        [
            Event::Ended(Verdict::Success),
            Event::Ended(Verdict::Failure),
            moved(State::Closed, State::Open),
            Event::Ended(Verdict::Failure),
            Event::Rejected,
            moved(State::Open, State::HalfOpen),
            moved(State::HalfOpen, State::Closed),
            Event::Ended(Verdict::Success),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_watched_state_follows() {
    let breaker = breaker(small());
    let mut watch = breaker.handle().watch();
    assert_eq!(*watch.borrow_and_update(), State::Closed);
    fail(&breaker).await.unwrap_err();
    assert!(!watch.has_changed().unwrap());
    fail(&breaker).await.unwrap_err();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_harms_nobody() {
    let breaker = breaker(small().failure_threshold(1));
    let heard = Arc::new(Mutex::new(0));
    let hearing = heard.clone();
    breaker.handle().on_transition(|_| panic!("in the listener"));
    breaker.handle().on_transition(move |_| *hearing.lock() += 1);
    assert_eq!(fail(&breaker).await, Err(Error::Operation("down")));
    assert_eq!((breaker.state(), *heard.lock()), (State::Open, 1));
}

/// A listener may ask the breaker itself: nothing is locked while it runs.
#[tokio::test(start_paused = true)]
async fn a_listener_may_ask_and_steer_the_breaker() {
    let breaker = breaker(small().failure_threshold(1));
    let handle = breaker.handle();
    breaker.handle().on_transition(move |transition| {
        assert!(handle.explain().to_string().contains("has been"));
        if transition.to == State::Open {
            handle.force_closed();
        }
    });
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::ForcedClosed);
    assert_eq!(*breaker.handle().watch().borrow(), State::ForcedClosed);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_says_what_the_last_failure_was() {
    let cases: [(FailureKind, Error<&'static str>); 2] = [
        (FailureKind::Operation, Error::Operation("down")),
        (FailureKind::Timeout, Error::Timeout { policy: "t".into(), after: SECOND }),
    ];
    for (kind, _) in &cases {
        let breaker = breaker(small().failure_threshold(1));
        let limit = crate::Timeout::new("t", SECOND).unwrap();
        if *kind == FailureKind::Operation {
            fail(&breaker).await.unwrap_err();
        } else {
            (&breaker, &limit).call(pending::<Result<u32, &'static str>>).await.unwrap_err();
        }
        let Err(Error::CircuitOpen { last_failure, .. }) = succeed(&breaker).await else {
            panic!("it is open")
        };
        assert_eq!(last_failure, Some(*kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_from_a_drop() {
    let config = small().failure_threshold(1).abandoned(Verdict::Failure);
    let dropped = breaker(config.clone());
    let _ = timeout(SECOND, dropped.call(pending::<Result<u32, &'static str>>)).await;
    let panicked = Arc::new(breaker(config));
    let panicking = panicked.clone();
    let task =
        tokio::spawn(async move { panicking.call(|| async { panic!("in the call") as Answer0 }).await });
    assert!(task.await.unwrap_err().is_panic());
    let last = |breaker: &CircuitBreaker| breaker.explain().last_failure.unwrap().0;
    assert_eq!((last(&dropped), last(&panicked)), (FailureKind::Abandoned, FailureKind::Panicked));
}

type Answer0 = Result<u32, &'static str>;

/// A call that is dropped because something else panicked did not panic itself.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_by_a_panic_elsewhere_was_abandoned() {
    let breaker = Arc::new(breaker(small().failure_threshold(1)));
    let calling = breaker.clone();
    let task = tokio::spawn(async move {
        let mut call = Box::pin(calling.call(pending::<Answer0>));
        assert!(futures::poll!(call.as_mut()).is_pending());
        panic!("beside the call");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((breaker.state(), breaker.snapshot().abandoned), (State::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn it_explains_itself_in_every_state() {
    let breaker = breaker(small().success_threshold(1));
    fail(&breaker).await.unwrap_err();
    advance(SECOND).await;
    assert_eq!(
        breaker.explain().to_string(),
        "circuit `valuer` has been closed for 1s: it was made so. Now: 1 failures in a row; 2 failures in a row \
         open it. The last failure was an error, 1s ago."
    );
    fail(&breaker).await.unwrap_err();
    advance(4 * SECOND).await;
    assert_eq!(
        breaker.explain().to_string(),
        "circuit `valuer` has been open for 4s: 2 calls in a row failed. The next probe may go in 6s. The last \
         failure was an error, 4s ago."
    );
    advance(6 * SECOND).await;
    let mut probe = Box::pin(breaker.call(pending::<Answer0>));
    assert!(futures::poll!(probe.as_mut()).is_pending());
    let said = breaker.explain().to_string();
    assert!(said.contains("half_open for 0ns: the open time was over. 1 probes are out"), "{said}");
    assert!(said.contains("It last opened because 2 calls in a row failed"), "{said}");
    drop(probe);
    breaker.handle().force_open();
    let said = breaker.explain().to_string();
    assert!(said.contains("forced_open for 0ns: somebody set it so."), "{said}");
}
