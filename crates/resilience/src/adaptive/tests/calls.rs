use super::*;

/// concurrency-limits#78: as many run as the limit says, not one more.
#[tokio::test(start_paused = true)]
async fn as_many_run_as_the_limit_says_and_the_next_is_shed() {
    let limit = adaptive(fixed(3));
    let mut running: Vec<_> = (0..3).map(|_| hold(normal(&limit))).collect();
    for call in &mut running {
        pend!(call);
    }
    let over = Error::Shed { policy: "callee".into(), reason: ShedReason::OverLimit, retry_after: None };
    assert_eq!(hold(normal(&limit)).await, Err(over));
    assert_eq!((counts(&limit), limit.snapshot().rejected), ((3, 0), 1));
    drop(running);
    assert_eq!(counts(&limit), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_who_is_shed_learns_how_long_calls_take() {
    let limit = adaptive(fixed(1).min_samples(1).window(Duration::from_millis(1)));
    take(&limit, Duration::from_millis(300)).await.unwrap();
    let mut running = hold(normal(&limit));
    pend!(running);
    let shed = hold(normal(&limit)).await.unwrap_err();
    assert_eq!(shed.retry_after(), Some(Duration::from_millis(300)));
}

/// concurrency-limits PR#81 and PR#133, conjure-java-runtime#1147, failsafe-go 0.9.2: a place comes back by every path.
#[tokio::test(start_paused = true)]
async fn a_place_comes_back_by_every_path() {
    let limit = std::sync::Arc::new(adaptive(fixed(1)));
    take(&limit, Duration::ZERO).await.unwrap();
    assert_eq!(counts(&limit), (0, 0), "after a value");
    limit.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!(counts(&limit), (0, 0), "after an error");
    let inner = limit.clone();
    let panics =
        tokio::spawn(async move { inner.call(|| async { panic!("in the call") as Result<(), &str> }).await });
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(counts(&limit), (0, 0), "after a panic in the operation");
    drop(limit.call(|| ready(Ok::<(), &str>(()))));
    assert_eq!(counts(&limit), (0, 0), "never polled");
    let mut call = Box::pin(limit.call(|| ready(Ok::<(), &str>(()))));
    assert!(futures::poll!(call.as_mut()).is_ready());
    assert_eq!(counts(&limit), (0, 0), "at ready, before it is dropped");
}

#[tokio::test(start_paused = true)]
async fn a_classifier_that_panics_leaves_nothing_held() {
    let judge = |_: Result<&(), &Error<&'static str>>| -> Verdict { panic!("in the classifier") };
    let limit = adaptive(fixed(1)).classify(judge);
    let call = std::panic::AssertUnwindSafe(limit.call(|| ready(Ok::<(), &'static str>(()))));
    assert!(futures::FutureExt::catch_unwind(call).await.is_err());
    assert_eq!(counts(&limit), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_after_any_number_of_polls_it_holds_nothing() {
    let limit = adaptive(fixed(1).max_queued(2));
    for polls in 0..6 {
        let mut blocker = hold(normal(&limit));
        pend!(blocker);
        let mut call = Box::pin(limit.call(|| async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            Ok::<_, &str>(())
        }));
        let mut blocker = Some(blocker);
        for poll in 0..polls {
            if poll == 1 {
                blocker = None;
            }
            if futures::poll!(call.as_mut()).is_ready() {
                break;
            }
        }
        drop((call, blocker));
        assert_eq!(counts(&limit), (0, 0), "after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_queue_calls_wait_and_their_wait_is_no_latency() {
    let limit = adaptive(fixed(1).max_queued(1).min_samples(1).window(Duration::from_millis(1)));
    let second = Duration::from_secs(1);
    let (first, waited) = tokio::join!(take(&limit, second), take(&limit, second));
    assert_eq!((first, waited), (Ok(()), Ok(())));
    assert_eq!(limit.snapshot().latency, Some(second));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_lasts_too_long_is_shed_as_overdue() {
    let limit = adaptive(fixed(1).max_queued(1).queue_timeout(Duration::from_secs(2)));
    let mut running = hold(normal(&limit));
    pend!(running);
    let shed = hold(normal(&limit)).await.unwrap_err();
    assert!(matches!(shed, Error::Shed { reason: ShedReason::Overdue, .. }), "{shed:?}");
    assert_eq!(counts(&limit), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_limit_is_kept_for_who_matters_more() {
    let limit = adaptive(fixed(10).shares(PriorityShares::new(30, 50, 80)));
    let mut running = Vec::new();
    for (priority, up_to) in
        [(Priority::Low, 3), (Priority::Normal, 5), (Priority::High, 8), (Priority::Critical, 10)]
    {
        while running.len() < up_to {
            let mut call = hold(limit.prioritized(priority));
            pend!(call);
            running.push(call);
        }
        let shed = hold(limit.prioritized(priority)).await.unwrap_err();
        assert!(matches!(shed, Error::Shed { reason: ShedReason::OverLimit, .. }), "{priority:?}: {shed:?}");
    }
    // Not one less than one: a share of a small limit would lock a priority out for good.
    let small = adaptive(fixed(1).shares(PriorityShares::new(30, 50, 80)));
    let mut low = hold(small.prioritized(Priority::Low));
    pend!(low);
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_its_share_is_let_in_when_that_is_free_and_overtaken_only_by_who_matters_more() {
    let limit = adaptive(fixed(2).shares(PriorityShares::new(50, 100, 100)).max_queued(5));
    let mut running = hold(normal(&limit));
    let mut low = hold(limit.prioritized(Priority::Low));
    pend!(running, low);
    assert_eq!(counts(&limit), (1, 1), "a place is free, but not in its share");
    let mut passes = hold(normal(&limit));
    pend!(passes);
    assert_eq!(counts(&limit), (2, 1));
    drop(passes);
    assert_eq!(counts(&limit), (1, 1));
    drop(running);
    assert_eq!(counts(&limit), (1, 0));
    drop(low);
    assert_eq!(counts(&limit), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_need_not_wait_allocates_nothing() {
    let limit = adaptive(eager(10));
    take(&limit, Duration::ZERO).await.unwrap();
    let mut answers = 0;
    let spent = allocation_counter::measure(|| {
        for i in 0..1_000_u64 {
            let call = limit.call(|| ready(Ok::<_, &'static str>(i)));
            answers += futures::FutureExt::now_or_never(call).unwrap().unwrap();
        }
    });
    assert_eq!((answers, spent.count_total), (999 * 1_000 / 2, 0));
}
