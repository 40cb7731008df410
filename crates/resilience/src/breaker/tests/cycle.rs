//! Closed, open, half-open, closed; and what must not disturb it.

use super::*;

#[tokio::test(start_paused = true)]
async fn opens_after_consecutive_failures_and_says_when_to_come_back() {
    let breaker = breaker(small());
    fail(&breaker).await.unwrap_err();
    succeed(&breaker).await.unwrap();
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed, "a success in between starts the count again");
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
    advance(Duration::from_secs(4)).await;
    let refused = succeed(&breaker).await.unwrap_err();
    assert_eq!(
        refused,
        Error::CircuitOpen {
            policy: "valuer".into(),
            retry_after: Some(Duration::from_secs(6)),
            last_failure: Some(FailureKind::Operation)
        }
    );
    assert_eq!((breaker.snapshot().trips, breaker.snapshot().rejected), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn while_open_the_operation_is_not_started() {
    let breaker = opened(small()).await;
    let started = std::cell::Cell::new(0);
    let refused = breaker.call(|| {
        started.set(started.get() + 1);
        ready(Ok::<u32, &str>(1))
    });
    assert!(refused.await.unwrap_err().is_rejection());
    assert_eq!(started.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn closes_after_enough_successful_probes() {
    let breaker = opened(small()).await;
    advance(Duration::from_secs(10)).await;
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_it_again_for_the_whole_time() {
    let breaker = opened(small()).await;
    advance(Duration::from_secs(10)).await;
    fail(&breaker).await.unwrap_err();
    assert_eq!((breaker.state(), breaker.snapshot().trips), (State::Open, 2));
    advance(Duration::from_millis(9_999)).await;
    assert!(succeed(&breaker).await.unwrap_err().is_rejection());
    advance(Duration::from_millis(1)).await;
    succeed(&breaker).await.unwrap();
}

/// resilience4j#1432, tower-resilience#382: the caller that moves open to half-open must take its probe in the same step.
#[tokio::test(start_paused = true)]
async fn half_open_lets_out_exactly_so_many_probes() {
    for probes in [1, 3] {
        let breaker = opened(small().max_probes(probes)).await;
        advance(Duration::from_secs(10)).await;
        let mut callers: Vec<_> =
            (0..10).map(|_| Box::pin(breaker.call(pending::<Result<u32, &'static str>>))).collect();
        let mut refused = 0;
        for caller in &mut callers {
            match futures::poll!(caller.as_mut()) {
                std::task::Poll::Ready(Err(Error::CircuitOpen { .. })) => refused += 1,
                std::task::Poll::Ready(other) => panic!("unexpected {other:?}"),
                std::task::Poll::Pending => {}
            }
        }
        assert_eq!(refused, 10 - usize::from(probes));
    }
}

/// Polly#223, vertx-circuit-breaker#14: what began before it opened must not close it.
#[tokio::test(start_paused = true)]
async fn a_result_from_another_epoch_moves_nothing() {
    let breaker = breaker(small().open_for(Duration::from_secs(1)));
    let mut overhanging = Box::pin(breaker.call(|| async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok::<u32, &'static str>(1)
    }));
    assert!(futures::poll!(overhanging.as_mut()).is_pending());
    fail(&breaker).await.unwrap_err();
    fail(&breaker).await.unwrap_err();
    advance(Duration::from_secs(1)).await;
    let mut probe = Box::pin(breaker.call(pending::<Result<u32, &'static str>>));
    assert!(futures::poll!(probe.as_mut()).is_pending());
    assert_eq!(overhanging.await, Ok(1));
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(succeed(&breaker).await.unwrap_err().is_rejection(), "the probe still holds its place");
}

/// Polly#311, Polly#717: an ignored outcome neither closes nor consumes a probe.
#[tokio::test(start_paused = true)]
async fn an_ignored_outcome_gives_the_probe_back() {
    let breaker = breaker(small().success_threshold(1))
        .fail_if(|error: &Error<&'static str>| !matches!(error, Error::Operation("not mine")));
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    advance(Duration::from_secs(10)).await;
    for _ in 0..3 {
        breaker.call(|| ready(Err::<u32, _>("not mine"))).await.unwrap_err();
        assert_eq!(breaker.state(), State::HalfOpen);
    }
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

/// resilience4j#903, resilience4j#935, rezilience#521: an interrupted probe must not leave it half-open for ever.
#[tokio::test(start_paused = true)]
async fn a_dropped_probe_gives_its_place_back() {
    let breaker = opened(small()).await;
    advance(Duration::from_secs(10)).await;
    let probe = breaker.call(pending::<Result<u32, &'static str>>);
    assert!(timeout(Duration::from_secs(1), probe).await.is_err());
    succeed(&breaker).await.unwrap();
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_panicked_probe_counts_as_a_failure_and_gives_its_place_back() {
    let breaker = std::sync::Arc::new(opened(small()).await);
    advance(Duration::from_secs(10)).await;
    let probing = breaker.clone();
    let panicked = tokio::spawn(async move {
        probing.call(|| async { panic!("in the probe") as Result<u32, &'static str> }).await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(breaker.state(), State::Open);
    advance(Duration::from_secs(10)).await;
    succeed(&breaker).await.unwrap();
}

/// OmniRoute#13836: a probe that never ends held a breaker half-open for six days.
#[tokio::test(start_paused = true)]
async fn a_hung_probe_loses_its_place_to_the_lease() {
    let breaker = opened(small().probe_lease(Duration::from_secs(30))).await;
    advance(Duration::from_secs(10)).await;
    let mut hung = Box::pin(breaker.call(pending::<Result<u32, &'static str>>));
    assert!(futures::poll!(hung.as_mut()).is_pending());
    advance(Duration::from_millis(29_999)).await;
    assert!(succeed(&breaker).await.unwrap_err().is_rejection());
    advance(Duration::from_millis(1)).await;
    succeed(&breaker).await.unwrap();
    drop(hung);
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

/// davenverse/circuit#258: what a cancelled call means is for whoever configures it to say.
#[tokio::test(start_paused = true)]
async fn abandoned_calls_count_as_the_setting_says() {
    for (setting, expected) in [(Verdict::Ignore, State::Closed), (Verdict::Failure, State::Open)] {
        let breaker = breaker(small().abandoned(setting));
        for _ in 0..2 {
            let call = breaker.call(pending::<Result<u32, &'static str>>);
            assert!(timeout(Duration::from_secs(1), call).await.is_err());
        }
        assert_eq!(breaker.state(), expected, "{setting:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_never_polled_holds_no_probe() {
    let breaker = opened(small()).await;
    advance(Duration::from_secs(10)).await;
    let never_polled = breaker.call(|| ready(Ok::<u32, &'static str>(1)));
    succeed(&breaker).await.unwrap();
    drop(never_polled);
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn rejections_of_inner_policies_are_not_the_callees_failures() {
    let outer = breaker(small().failure_threshold(1));
    let inner = opened(small()).await;
    for _ in 0..3 {
        let refused = (&outer, &inner).call(|| ready(Ok::<u32, &'static str>(1))).await;
        assert!(refused.unwrap_err().is_rejection());
    }
    assert_eq!(outer.state(), State::Closed);
}
