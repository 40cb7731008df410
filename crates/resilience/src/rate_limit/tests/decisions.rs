use super::*;
use governor::clock::{Clock, Reference};

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
