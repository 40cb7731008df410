use super::*;

#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_what_is_left_and_who_waits() {
    let limit = limit(config(10).max_wait(Duration::from_secs(1)));
    advance(Duration::from_secs(5)).await;
    for _ in 0..4 {
        ask(&limit).await.unwrap();
    }
    assert_eq!(limit.snapshot().available, 6);
    // Ten times as fast: as many left, and they come back ten times as fast.
    limit.reconfigure(RateLimitConfig::from(Rate::per_second(100)).burst(10)).unwrap();
    assert_eq!(limit.snapshot().available, 6);
    advance(20 * MS).await;
    assert_eq!(limit.snapshot().available, 8);
    // A larger bucket fills at the rate; a smaller one spills.
    limit.reconfigure(RateLimitConfig::from(Rate::per_second(100)).burst(50)).unwrap();
    assert_eq!(limit.snapshot().available, 8);
    advance(Duration::from_secs(1)).await;
    assert_eq!(limit.snapshot().available, 50);
    limit.reconfigure(config(2).max_wait(Duration::from_secs(1))).unwrap();
    assert_eq!(limit.snapshot().available, 2);
    // Who waits keeps the promise made to it.
    let began = Instant::now();
    ask(&limit).await.unwrap();
    ask(&limit).await.unwrap();
    let mut waiter = Box::pin(ask(&limit));
    assert!(futures::poll!(waiter.as_mut()).is_pending());
    limit.reconfigure(Rate::per_minute(1)).unwrap();
    assert_eq!(waiter.await, Ok(()));
    assert_eq!(began.elapsed(), 100 * MS);
    assert!(ask(&limit).await.is_err());
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_all_at_once_and_changes_nothing() {
    let limit = limit(config(3));
    let wrong = RateLimitConfig::from(Rate::new(0, Duration::ZERO)).burst(0).max_wait(Duration::MAX);
    let said = limit.reconfigure(wrong).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "policy `valuer`: rate.per = 0ns is out of range: it must be above 0s, at most 365d; \
             rate.calls = 0 is out of range: it must be at least 1, at most one a nanosecond; \
             burst = 0 is out of range: it must be at least 1, or absent for as many as `rate.calls`; \
             max_wait = {:?} is out of range: it must be at most 365d",
            Duration::MAX
        )
    );
    assert_eq!(*limit.config(), config(3));
    assert!(RateLimit::new("t", Rate::new(1_001, Duration::from_micros(1))).is_err());
    assert!(RateLimit::new("t", Rate::new(1_000, Duration::from_micros(1))).is_ok());
}

#[tokio::test(start_paused = true)]
async fn in_shadow_it_counts_and_lets_all_through_at_once() {
    let limit = limit(config(2).shadow(true));
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(ask(&limit).await, Ok(()));
    }
    let now = limit.snapshot();
    assert_eq!((now.would_reject, now.rejected, began.elapsed()), (3, 0, Duration::ZERO));
    limit.reconfigure(config(2).shadow(true).max_wait(150 * MS)).unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&limit).await, Ok(()));
    }
    let now = limit.snapshot();
    assert_eq!(
        (now.would_reject, now.waiting, began.elapsed()),
        (5, 0, Duration::ZERO),
        "one would have waited"
    );
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_waits_and_rejections() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let observer = OnEvent::new(move |policy: &crate::telemetry::PolicyId, event| {
        assert_eq!(policy.to_string(), "rate_limit `valuer`");
        heard.lock().unwrap().push(event);
    });
    let limit = limit(config(1).max_wait(150 * MS)).observe(observer);
    ask(&limit).await.unwrap();
    let mut waiter = Box::pin(ask(&limit));
    assert!(futures::poll!(waiter.as_mut()).is_pending());
    assert!(ask(&limit).await.is_err());
    waiter.await.unwrap();
    let ended = Event::Ended(crate::Verdict::Success);
    let expected = [ended, Event::Queued, Event::Rejected, Event::Waited(100 * MS), ended];
    assert_eq!(*events.lock().unwrap(), expected);
}

#[test]
fn a_call_in_time_allocates_nothing_and_needs_no_runtime() {
    let limit = limit(config(1_001));
    // The configuration's cell makes itself a slot in each thread, once.
    futures::FutureExt::now_or_never(ask(&limit)).unwrap().unwrap();
    let spent = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            let call = limit.call(|| ready(Ok::<_, &str>(1)));
            assert_eq!(futures::FutureExt::now_or_never(call), Some(Ok(1)));
        }
    });
    assert_eq!(spent.count_total, 0);
}

#[test]
fn it_says_how_long_it_may_wait_and_warns_of_uncounted_attempts() {
    let waits = limit(config(1).max_wait(MS));
    assert_eq!((&waits, Timeout::new("t", MS).unwrap()).bound().time, Some(2 * MS));
    let retry = crate::Retry::new("r", crate::RetryConfig::FAST).unwrap();
    let rules: Vec<_> = (waits, retry).warnings().iter().map(|warning| warning.rule).collect();
    assert_eq!(rules, [crate::pipeline::OrderRule::UncountedAttempts]);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_forgotten_once_it_is_full_again() {
    let limit = limit(config(3));
    assert!(limit.is_forgettable());
    ask(&limit).await.unwrap();
    assert!(!limit.is_forgettable());
    advance(100 * MS).await;
    assert!(limit.is_forgettable());
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_and_unknown_fields_are_refused() {
    let text = r#"{"rate": {"calls": 5, "per": "1m"}, "burst": 2, "max_wait": "250ms"}"#;
    let config: RateLimitConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config, RateLimitConfig::from(Rate::per_minute(5)).burst(2).max_wait(250 * MS));
    assert_eq!(serde_json::from_str::<RateLimitConfig>("{}").unwrap(), RateLimitConfig::default());
    let again: RateLimitConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(again, config);
    assert!(serde_json::from_str::<RateLimitConfig>(r#"{"rates": {}}"#).is_err());
}

#[test]
fn limits_are_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<RateLimit>();
    is_shared::<KeyedRateLimit<String>>();
    is_shared::<KeyLimit<'_>>();
}

/// At rates so slow that the real time the test takes gives no call back.
#[test]
fn changes_at_the_same_time_keep_what_is_left() {
    let slow = |hours: u64| RateLimitConfig::from(Rate::new(1, Duration::from_secs(3_600 * hours))).burst(10);
    let limit = limit(slow(1));
    for _ in 0..4 {
        futures::FutureExt::now_or_never(ask(&limit)).unwrap().unwrap();
    }
    std::thread::scope(|scope| {
        for thread in 1..4 {
            let limit = &limit;
            scope.spawn(move || {
                (0..20_000).for_each(|n| limit.reconfigure(slow(thread * (n % 100 + 1))).unwrap());
            });
        }
    });
    limit.reconfigure(slow(1)).unwrap();
    assert_eq!(limit.snapshot().available, 6);
}
