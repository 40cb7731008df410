use super::*;

#[tokio::test(start_paused = true)]
async fn who_may_wait_gets_turns_in_order_of_arrival() {
    let limit = limit(config(1).max_wait(Duration::from_secs(1)));
    let began = Instant::now();
    let starts = RefCell::new(Vec::new());
    let calls = (0..5).map(|n| {
        let (limit, starts) = (&limit, &starts);
        limit.call(move || {
            starts.borrow_mut().push((n, began.elapsed()));
            ready(Ok::<_, &str>(()))
        })
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers, vec![Ok(()); 5]);
    assert_eq!(*starts.borrow(), (0..5).map(|n| (n, n * 100 * MS)).collect::<Vec<_>>());
    let now = limit.snapshot();
    assert_eq!((now.waiting, now.waited, now.rejected), (0, 4, 0));
}

/// `until_ready` of governor sleeps, asks again and may have to sleep again; a promised turn is slept up to once.
#[tokio::test(start_paused = true)]
async fn a_wait_is_one_sleep_also_where_others_keep_coming() {
    let limit = Arc::new(limit(config(1).max_wait(Duration::from_secs(10))));
    ask(&limit).await.unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let (shared, counted) = (limit.clone(), polls.clone());
    let waiter = tokio::spawn(async move {
        let mut call = pin!(ask(&shared));
        let began = Instant::now();
        let answer = std::future::poll_fn(|cx| {
            counted.fetch_add(1, Ordering::Relaxed);
            call.as_mut().poll(cx)
        });
        (answer.await, began.elapsed())
    });
    for _ in 0..50 {
        tokio::time::sleep(MS).await;
        // A newcomer that takes a turn after it, and one that takes it and goes.
        let shared = limit.clone();
        tokio::spawn(async move { ask(&shared).await });
        let _ = futures::poll!(pin!(ask(&limit)));
    }
    assert_eq!(waiter.await.unwrap(), (Ok(()), 100 * MS));
    assert_eq!(polls.load(Ordering::Relaxed), 2, "once to take the turn, once when it has come");
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_turned_away_and_takes_no_turn() {
    let limit = limit(config(1).max_wait(250 * MS));
    ask(&limit).await.unwrap();
    let mut waiters: Vec<_> = (0..2).map(|_| Box::pin(ask(&limit))).collect();
    for waiter in &mut waiters {
        assert!(futures::poll!(waiter).is_pending());
    }
    for _ in 0..10 {
        assert_eq!(ask(&limit).await, refused(300 * MS));
    }
    assert_eq!((limit.snapshot().waiting, limit.snapshot().rejected), (2, 10));
    assert_eq!(futures::future::join_all(waiters).await, vec![Ok(()); 2]);
}

#[tokio::test(start_paused = true)]
async fn it_never_waits_past_the_callers_deadline() {
    let limited = limit(config(1).max_wait(Duration::from_secs(10)));
    ask(&limited).await.unwrap();
    for (deadline, passes) in [(99, false), (100, false), (101, true)] {
        let limited = limit(config(1).max_wait(Duration::from_secs(10)));
        ask(&limited).await.unwrap();
        let guard = (Timeout::new("caller", deadline * MS).unwrap(), limited);
        let began = Instant::now();
        let answer = guard.call_with(|attempt| ready(Ok(attempt.time_left()))).await;
        if passes {
            assert_eq!(answer, Ok(Some(MS)), "the operation is told what is left");
        } else {
            assert_eq!(answer.map(drop), refused(100 * MS));
            assert_eq!(began.elapsed(), Duration::ZERO, "known at once");
        }
    }
    let out_of_time = crate::Attempt::first().within(Duration::ZERO);
    let late = limited.call_within(out_of_time, |_| ready(Ok::<(), &str>(()))).await;
    assert_eq!(late, Err(Error::DeadlineExceeded { policy: "valuer".into() }));
}

#[tokio::test(start_paused = true)]
async fn the_last_to_wait_gives_its_turn_back_when_dropped() {
    let limit = limit(config(1).max_wait(Duration::from_secs(1)));
    ask(&limit).await.unwrap();
    for _ in 0..100 {
        let mut waiter = Box::pin(ask(&limit));
        assert!(futures::poll!(waiter.as_mut()).is_pending());
        assert_eq!(limit.snapshot().waiting, 1);
        drop(waiter);
    }
    assert_eq!(limit.snapshot().waiting, 0);
    let began = Instant::now();
    ask(&limit).await.unwrap();
    assert_eq!(began.elapsed(), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_the_last_gave_back_is_not_lost_though_nobody_takes_it_at_its_time() {
    let limit = limit(config(1).max_wait(Duration::from_secs(1)));
    ask(&limit).await.unwrap();
    let mut waiter = Box::pin(ask(&limit));
    assert!(futures::poll!(waiter.as_mut()).is_pending());
    drop(waiter);
    advance(150 * MS).await;
    assert_eq!(limit.snapshot().available, 1);
    let began = Instant::now();
    ask(&limit).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_turn_given_back_in_the_midst_goes_to_the_next_who_waits_and_to_nobody_else() {
    let limit = limit(config(1).max_wait(Duration::from_secs(1)));
    let began = Instant::now();
    ask(&limit).await.unwrap();
    let timed = || async {
        ask(&limit).await.unwrap();
        began.elapsed()
    };
    let (mut first, mut second, mut third) = (Box::pin(timed()), Box::pin(timed()), Box::pin(timed()));
    assert!(futures::poll!(first.as_mut()).is_pending());
    assert!(futures::poll!(second.as_mut()).is_pending());
    assert!(futures::poll!(third.as_mut()).is_pending());
    drop(second);
    let (first, third, fourth, fifth) = tokio::join!(first, third, timed(), timed());
    assert_eq!([first, fourth, third, fifth], [100 * MS, 200 * MS, 300 * MS, 400 * MS]);
}

#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_leaves_nothing_held() {
    for k in 0..4 {
        let limit = limit(config(1).max_wait(Duration::from_secs(1)));
        ask(&limit).await.unwrap();
        let mut waiter = Box::pin(limit.call(pending::<Result<(), &str>>));
        for _ in 0..k {
            assert!(futures::poll!(waiter.as_mut()).is_pending());
        }
        drop(waiter);
        assert_eq!(limit.snapshot().waiting, 0, "polled {k} times");
        advance(100 * MS).await;
        assert_eq!(
            ask(&limit).await,
            Ok(()),
            "the turn of a call that never started is there: polled {k} times"
        );
        // Started, then dropped: that turn is used.
        advance(100 * MS).await;
        let mut started = Box::pin(limit.call(pending::<Result<(), &str>>));
        for _ in 0..k {
            assert!(futures::poll!(started.as_mut()).is_pending());
        }
        drop(started);
        assert_eq!(limit.snapshot().available, u64::from(k == 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_operation_leaves_nothing_held() {
    let limit = Arc::new(limit(config(1).max_wait(Duration::from_secs(1))));
    ask(&limit).await.unwrap();
    let waiting = limit.clone();
    let panicked = tokio::spawn(async move {
        waiting.call(|| async { if true { panic!("in the operation") } else { Ok::<(), &str>(()) } }).await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!((limit.snapshot().waiting, limit.snapshot().waited), (0, 1));
}
