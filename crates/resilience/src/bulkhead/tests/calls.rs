use super::*;
use crate::Timeout;
use tokio::sync::oneshot;

#[tokio::test(start_paused = true)]
async fn so_many_run_so_many_wait_the_rest_are_turned_away() {
    let bulkhead = bulkhead(2, 1);
    let (mut a, mut b, mut c) = (hold(&bulkhead), hold(&bulkhead), hold(&bulkhead));
    pend!(a);
    pend!(b);
    pend!(c);
    assert_eq!(counts(&bulkhead), (2, 1));
    let refused = bulkhead.call(|| ready(Ok::<(), &str>(()))).await;
    let full = Error::BulkheadFull { policy: "db".into(), limit: 2, queued: 1, waited: Duration::ZERO };
    assert_eq!(refused, Err(full));
    drop((a, b, c));
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_freed_place_goes_to_the_one_who_waited_longest_and_no_newcomer_overtakes() {
    let bulkhead = bulkhead(1, 10);
    let order = RefCell::new(Vec::new());
    let (order, bulkhead) = (&order, &bulkhead);
    let (free, freed) = oneshot::channel::<()>();
    let freed = RefCell::new(Some(freed));
    let mut first = Box::pin(bulkhead.call(|| {
        let freed = freed.take().unwrap();
        async move { freed.await.map_err(|_| "gone") }
    }));
    pend!(first);
    let mut waiting: Vec<_> = (0..5)
        .map(|caller| {
            Box::pin(bulkhead.call(move || async move {
                order.borrow_mut().push(caller);
                tokio::task::yield_now().await;
                Ok::<_, &str>(())
            }))
        })
        .collect();
    for caller in &mut waiting {
        pend!(caller);
    }
    free.send(()).unwrap();
    first.await.unwrap();
    let mut newcomer = Box::pin(bulkhead.call(|| ready(Ok::<_, &str>(()))));
    pend!(newcomer);
    // Polled in the wrong order on purpose: the line decides, not the scheduler.
    while !waiting.is_empty() {
        let mut still = Vec::new();
        for mut caller in waiting.into_iter().rev() {
            if futures::poll!(caller.as_mut()).is_pending() {
                still.insert(0, caller);
            }
        }
        waiting = still;
    }
    assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
    newcomer.await.unwrap();
}

/// linkerd2-proxy#751: the place is free when the call is ready, not when its future is dropped later.
#[tokio::test(start_paused = true)]
async fn the_place_is_free_at_ready() {
    let bulkhead = bulkhead(1, 0);
    let mut call = Box::pin(bulkhead.call(|| ready(Ok::<_, &str>(1))));
    assert!(futures::poll!(call.as_mut()).is_ready());
    assert_eq!(counts(&bulkhead), (0, 0));
    drop(call);
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_operation_is_gone_before_its_place_is_given_on() {
    struct Peak<'a>(&'a Bulkhead, &'a RefCell<Vec<usize>>);
    impl Drop for Peak<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0.snapshot().running);
        }
    }
    let bulkhead = bulkhead(1, 0);
    let seen = RefCell::new(Vec::new());
    let call = bulkhead.call(|| {
        let guard = Peak(&bulkhead, &seen);
        std::future::poll_fn(move |_| {
            let _held = &guard;
            std::task::Poll::Ready(Ok::<_, &str>(()))
        })
    });
    call.await.unwrap();
    assert_eq!(*seen.borrow(), [1], "the place was still taken when the operation was dropped");
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_in_line_leaves_it_and_strands_nobody() {
    let bulkhead = bulkhead(1, 10);
    let mut running = hold(&bulkhead);
    pend!(running);
    let (mut a, mut b, mut c) = (hold(&bulkhead), hold(&bulkhead), hold(&bulkhead));
    pend!(a);
    pend!(b);
    pend!(c);
    drop(b);
    assert_eq!(counts(&bulkhead), (1, 2));
    drop(running);
    // `a` was granted and never looked: its place must go on to `c`.
    drop(a);
    pend!(c);
    assert_eq!(counts(&bulkhead), (1, 0));
    drop(c);
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_lasts_too_long_ends_with_how_long_it_was() {
    let config = BulkheadConfig::default().max_concurrent(1).queue_timeout(Duration::from_secs(3));
    let bulkhead = Bulkhead::new("db", config).unwrap();
    let mut running = hold(&bulkhead);
    pend!(running);
    let waited = bulkhead.call(|| ready(Ok::<(), &str>(()))).await.unwrap_err();
    assert!(
        matches!(waited, Error::BulkheadFull { waited, .. } if waited == Duration::from_secs(3)),
        "{waited:?}"
    );
    assert_eq!((counts(&bulkhead), bulkhead.snapshot().rejected), ((1, 0), 1));
}

#[tokio::test(start_paused = true)]
async fn time_in_the_queue_counts_against_the_deadline() {
    let guard = (Timeout::new("t", Duration::from_secs(5)).unwrap(), bulkhead(1, 10));
    let mut running = Box::pin(guard.1.call(|| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok::<_, &str>(())
    }));
    pend!(running);
    let left = guard.call_with(|attempt| ready(Ok::<_, &str>(attempt.time_left())));
    let (_, left) = tokio::join!(running, left);
    assert_eq!(left, Ok(Some(Duration::from_secs(3))));
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_the_place_back() {
    let bulkhead = std::sync::Arc::new(bulkhead(1, 0));
    let inner = bulkhead.clone();
    let panicked =
        tokio::spawn(async move { inner.call(|| async { panic!("inside") as Result<(), &str> }).await });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_after_any_number_of_polls_it_holds_nothing() {
    let bulkhead = bulkhead(1, 4);
    for polls in 0..6 {
        let mut blocker = hold(&bulkhead);
        pend!(blocker);
        let mut call = Box::pin(bulkhead.call(|| async {
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
        assert_eq!(counts(&bulkhead), (0, 0), "after {polls} polls");
    }
}
