use super::{pace::Pace, word::Word, *};
use crate::{
    Describe, Error, Forgettable, KeyedConfig, PolicyExt, Timeout,
    telemetry::{Event, OnEvent},
};
use governor::clock::{Clock, Reference};
use std::{
    cell::RefCell,
    future::{pending, ready},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, advance};

const MS: Duration = Duration::from_millis(1);

/// One call in 100 ms in the long run.
fn config(burst: u32) -> RateLimitConfig {
    RateLimitConfig::from(Rate::per_second(10)).burst(burst)
}

fn limit(config: RateLimitConfig) -> RateLimit {
    RateLimit::new("valuer", config).unwrap()
}

async fn ask<O: crate::telemetry::Observer>(limit: &RateLimit<O>) -> Result<(), Error<&'static str>> {
    limit.call(|| ready(Ok(()))).await
}

fn refused(after: Duration) -> Result<(), Error<&'static str>> {
    Err(Error::RateLimited { policy: "valuer".into(), retry_after: Some(after) })
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_then_one_call_an_interval() {
    let limit = limit(config(3));
    for _ in 0..3 {
        assert_eq!(ask(&limit).await, Ok(()));
    }
    assert_eq!(ask(&limit).await, refused(100 * MS));
    advance(99 * MS).await;
    let too_early = ask(&limit).await;
    assert_eq!(too_early, refused(MS));
    assert_eq!(too_early.unwrap_err().to_string(), "rate limit `valuer` is reached, try again in 1ms");
    advance(MS).await;
    assert_eq!(ask(&limit).await, Ok(()));
    assert_eq!(ask(&limit).await, refused(100 * MS));
    advance(Duration::from_secs(3_600)).await;
    assert_eq!(limit.snapshot().available, 3, "a quiet hour saves up a burst, not more");
    assert_eq!(limit.snapshot().rejected, 3);
}

/// tokio's clock as governor's: what tower-governor#50 could not have.
#[derive(Clone, Copy)]
struct Tokio(Instant);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nanos(u64);

impl std::ops::Add<governor::nanos::Nanos> for Nanos {
    type Output = Self;
    fn add(self, other: governor::nanos::Nanos) -> Self {
        Self(self.0 + other.as_u64())
    }
}

impl Reference for Nanos {
    fn duration_since(&self, earlier: Self) -> governor::nanos::Nanos {
        self.0.saturating_sub(earlier.0).into()
    }
    fn saturating_sub(&self, duration: governor::nanos::Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64()))
    }
}

impl Clock for Tokio {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos(self.0.elapsed().as_nanos() as u64)
    }
}

/// Call for call the answers of the `governor` crate, waits included, on one paused clock.
#[tokio::test(start_paused = true)]
async fn it_decides_as_governor_does() {
    for seed in (0..30).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let (interval, burst) = (rng.u64(1..200), rng.u32(1..20));
        let quota = governor::Quota::with_period(Duration::from_millis(interval))
            .unwrap()
            .allow_burst(burst.try_into().unwrap());
        let state = governor::state::InMemoryState::default();
        let theirs: governor::RateLimiter<_, _, _, governor::middleware::NoOpMiddleware<Nanos>> =
            governor::RateLimiter::new(quota, state, Tokio(Instant::now()));
        let rate = Rate::new(1, Duration::from_millis(interval));
        let ours = limit(RateLimitConfig::from(rate).burst(burst));
        let mut passed = 0;
        for _ in 0..2_000 {
            advance(Duration::from_micros(rng.u64(0..interval * 1_500))).await;
            let expected = theirs.check().map_err(|not_until| not_until.wait_time_from(theirs.clock().now()));
            match (ask(&ours).await, expected) {
                (Ok(()), Ok(())) => passed += 1,
                (refusal, Err(wait)) => assert_eq!(refusal, refused(wait)),
                (other, Ok(())) => panic!("governor lets it pass, we say {other:?}"),
            }
        }
        assert!(passed > 1_000, "most come in time: {passed}");
    }
}

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

/// In no span of time do more calls start than the burst and the rate allow, whoever gives up when.
#[tokio::test(start_paused = true)]
async fn the_rate_holds_whatever_callers_do() {
    for seed in (0..30).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let (interval, burst) = (rng.u64(1..100), rng.u32(1..6));
        let rate = Rate::new(1, Duration::from_millis(interval));
        let max_wait = Duration::from_millis(interval * rng.u64(0..20));
        let limit = Arc::new(limit(RateLimitConfig::from(rate).burst(burst).max_wait(max_wait)));
        let starts = Arc::new(Mutex::new(Vec::new()));
        let began = Instant::now();
        let mut calls = Vec::new();
        for _ in 0..2_000 {
            if rng.u8(0..4) > 0 {
                let (limit, starts) = (limit.clone(), starts.clone());
                calls.push(tokio::spawn(async move {
                    let start = || {
                        starts.lock().unwrap().push(began.elapsed().as_millis() as u64);
                        ready(Ok::<_, &str>(()))
                    };
                    let _ = limit.call(start).await;
                }));
            }
            if rng.u8(0..4) == 0 && !calls.is_empty() {
                calls.swap_remove(rng.usize(0..calls.len())).abort();
            }
            tokio::time::sleep(Duration::from_millis(rng.u64(0..interval))).await;
        }
        for call in calls {
            call.abort();
            let _ = call.await;
        }
        assert_eq!(limit.snapshot().waiting, 0);
        let starts = starts.lock().unwrap();
        assert!(starts.len() > 100);
        for (at, first) in starts.iter().enumerate() {
            for (more, last) in starts[at..].iter().enumerate() {
                let allowed = u64::from(burst) + (last - first) / interval;
                assert!((more as u64) < allowed, "{} calls from {first} to {last} ms", more + 1);
            }
        }
    }
}

#[test]
fn threads_that_race_for_a_burst_get_exactly_that() {
    let (word, pace) = (Word::default(), Pace::new(&config(1_000)));
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..1_000).filter(|_| word.take(7, pace, 0).is_ok()).count()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 1_000);
}

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
async fn the_extremes_saturate() {
    let year = Duration::from_secs(365 * 24 * 3600);
    let slow = RateLimitConfig::from(Rate::new(1, year)).burst(u32::MAX).max_wait(year);
    let limit = limit(slow);
    for _ in 0..100 {
        ask(&limit).await.unwrap();
    }
    limit.reconfigure(Rate::new(u32::MAX, Duration::from_secs(5))).unwrap();
    limit.reconfigure(RateLimitConfig::from(Rate::new(1, year))).unwrap();
    assert!(limit.snapshot().available <= 1);
    assert!(ask(&limit).await.is_ok() || limit.snapshot().rejected == 1);
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

fn keyed(max_keys: usize) -> KeyedRateLimit<u64> {
    KeyedRateLimit::new("tenants", config(2), KeyedConfig::default().max_keys(max_keys)).unwrap()
}

async fn passes(limits: &KeyedRateLimit<u64>, key: u64) -> bool {
    limits.call(&key, || ready(Ok::<_, &str>(()))).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_limit_of_its_own() {
    let limits = keyed(10);
    for key in 0..3 {
        assert!(passes(&limits, key).await);
        assert!(passes(&limits, key).await);
        assert!(!passes(&limits, key).await);
    }
    assert_eq!((limits.keys().keys, limits.rejected()), (3, 3));
    advance(100 * MS).await;
    assert!(passes(&limits, 1).await);
}

/// A flood of new keys must not free those who have used their calls up: by pushing them out of a full table.
#[tokio::test(start_paused = true)]
async fn a_flood_of_keys_resets_nobodys_limit_and_gains_one_keys_worth() {
    let limits = keyed(4);
    for key in 0..4 {
        assert!(passes(&limits, key).await && passes(&limits, key).await);
    }
    let mut gained = 0;
    for key in 100..1_100 {
        gained += u32::from(passes(&limits, key).await);
        assert!(limits.keys().keys <= 4);
    }
    assert_eq!(gained, 2, "all that found no room share one limit");
    for key in 0..4 {
        assert!(!passes(&limits, key).await, "still out of calls");
    }
    assert_eq!(limits.keys().refused, 1_000);
    // Once the buckets are full again, their keys make room.
    advance(200 * MS).await;
    assert!(passes(&limits, 2_000).await);
    assert_eq!((limits.keys().keys, limits.keys().forgotten), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_or_is_held_is_not_forgotten() {
    let limits = KeyedRateLimit::new(
        "tenants",
        config(1).max_wait(Duration::from_secs(1)),
        KeyedConfig::default().max_keys(1),
    )
    .unwrap();
    assert!(passes(&limits, 1).await);
    let mut waiter = Box::pin(limits.call(&1, || ready(Ok::<_, &str>(()))));
    assert!(futures::poll!(waiter.as_mut()).is_pending());
    assert_eq!(limits.waiting(), 1);
    advance(Duration::from_secs(10)).await;
    assert!(passes(&limits, 2).await, "by the shared limit");
    assert_eq!((limits.keys().keys, limits.keys().forgotten), (1, 0));
    assert_eq!(waiter.await, Ok(()));
    assert_eq!(limits.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn reconfigured_every_key_keeps_what_is_left() {
    let limits = keyed(10);
    assert!(passes(&limits, 1).await && passes(&limits, 2).await && passes(&limits, 2).await);
    limits.reconfigure(RateLimitConfig::from(Rate::per_minute(2))).unwrap();
    assert_eq!(
        (limits.key(&1).available(), limits.key(&2).available(), limits.key(&3).available()),
        (1, 0, 2)
    );
    assert!(limits.reconfigure(Rate::per_second(0)).is_err());
    assert_eq!(limits.config().rate, Rate::per_minute(2));
    limits.reconfigure_keys(KeyedConfig::default().max_keys(1)).unwrap();
    assert_eq!(limits.keys().max_keys, 1);
}

#[tokio::test(start_paused = true)]
async fn a_keys_limit_stands_in_a_pipeline_that_is_spawned() {
    let limits: Arc<KeyedRateLimit<String>> =
        Arc::new(KeyedRateLimit::new("tenants", config(1), KeyedConfig::default()).unwrap());
    let shared = limits.clone();
    let spawned = tokio::spawn(async move {
        let guard = (Timeout::new("t", Duration::from_secs(1)).unwrap(), shared.key("agency"));
        let first = guard.call(|| ready(Ok::<_, &str>(1))).await;
        (first, guard.call(|| ready(Ok::<_, &str>(2))).await)
    });
    let (first, second) = spawned.await.unwrap();
    assert_eq!(first, Ok(1));
    assert_eq!(second.unwrap_err().policy(), Some("tenants"));
    drop(limits.call("never polled", || ready(Ok::<_, &str>(()))));
    assert_eq!(limits.keys().keys, 1);
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
