#![allow(clippy::unwrap_used, missing_docs)]
//! Polled so many times and then dropped, for every so many: nothing is left behind in any policy of a whole stack.

use mainstay_resilience::{
    AdaptiveConfig, AdaptiveLimit, BreakerConfig, Budget, BudgetConfig, Bulkhead, BulkheadConfig,
    CircuitBreaker, DynPipeline, Fallback, FallbackConfig, Hedge, HedgeConfig, Pipeline, PolicyExt, Rate,
    RateLimit, RateLimitConfig, Retry, RetryConfig, Timeout, breaker::State, pipeline::AnyPolicy,
};
use std::{
    cell::Cell,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What of an operation is still there.
struct Alive<'c>(&'c Cell<i32>);

impl<'c> Alive<'c> {
    fn new(count: &'c Cell<i32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Fails twice, each time after a while, and then takes longer than anybody waits.
async fn operation(alive: &Cell<i32>, started: &Cell<u32>) -> Result<u32, &'static str> {
    let _alive = Alive::new(alive);
    started.set(started.get() + 1);
    sleep(ms(30)).await;
    if started.get() <= 2 {
        return Err("down");
    }
    sleep(3_600 * SECOND).await;
    Ok(1)
}

/// Everything that can be held, in one stack.
struct Held {
    breaker: Arc<CircuitBreaker>,
    bulkhead: Arc<Bulkhead>,
    rate: Arc<RateLimit>,
    adaptive: Arc<AdaptiveLimit>,
    retry: Arc<Retry>,
}

impl Held {
    /// The breaker is half-open with one probe to give, so that a lost one shows.
    async fn new() -> Self {
        let config = BreakerConfig::default().failure_threshold(1).success_threshold(100).open_for(ms(1));
        let breaker = Arc::new(CircuitBreaker::new("b", config.probe_lease(1_000 * SECOND)).unwrap());
        breaker.call(|| async { Err::<(), _>("down") }).await.unwrap_err();
        advance(ms(1)).await;
        breaker.call(|| async { Ok::<_, &str>(()) }).await.unwrap();
        assert_eq!(breaker.state(), State::HalfOpen);
        let rate = RateLimitConfig::from(Rate::per_second(20)).burst(1).max_wait(SECOND);
        let adaptive = AdaptiveConfig::default().initial_limit(1_usize).min_limit(1_usize);
        Self {
            breaker,
            bulkhead: Arc::new(Bulkhead::new("k", BulkheadConfig::NORMAL.max_concurrent(1)).unwrap()),
            rate: Arc::new(RateLimit::new("l", rate).unwrap()),
            adaptive: Arc::new(AdaptiveLimit::new("a", adaptive).unwrap()),
            retry: Arc::new(Retry::new("r", RetryConfig::FAST.initial(ms(20)).max(ms(40))).unwrap()),
        }
    }

    async fn assert_nothing_is_held(&self, k: usize) {
        let bulkhead = self.bulkhead.snapshot();
        assert_eq!((bulkhead.running, bulkhead.queued), (0, 0), "after {k} polls");
        let adaptive = self.adaptive.snapshot();
        assert_eq!((adaptive.running, adaptive.queued), (0, 0), "after {k} polls");
        assert_eq!(self.rate.snapshot().waiting, 0, "after {k} polls");
        if self.breaker.state() == State::HalfOpen {
            assert_eq!(self.breaker.explain().probes.unwrap().0, 0, "after {k} polls");
        } else {
            advance(ms(1)).await;
        }
        self.breaker.call(|| async { Ok::<_, &str>(()) }).await.unwrap();
    }
}

/// Polls so many times, 10 ms apart, and answers whether it was ready.
async fn poll_times<F: Future>(call: F, k: usize) -> bool {
    let mut call = Box::pin(call);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..k {
        if call.as_mut().poll(&mut cx).is_ready() {
            return true;
        }
        advance(ms(10)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_every_policy_leaves_nothing_behind() {
    let mut ready = 0;
    for k in 0..40 {
        let held = Held::new().await;
        let (alive, started) = (Cell::new(0), Cell::new(0));
        let budget = Arc::new(Budget::new("budget", BudgetConfig::default().min_per_second(10.0)).unwrap());
        let guard = Pipeline::new(
            "all",
            (
                Timeout::new("t", ms(300)).unwrap(),
                Fallback::new("f", FallbackConfig::default())
                    .unwrap()
                    .to_call(|_| async { Ok::<u32, &str>(0) }),
                Hedge::new("h", HedgeConfig::default().delay(ms(50))).unwrap().budget(budget),
                &held.retry,
                &held.rate,
                &held.breaker,
                &held.bulkhead,
                &held.adaptive,
            ),
        );
        ready += usize::from(poll_times(guard.call_idempotent(|| operation(&alive, &started)), k).await);
        assert_eq!(alive.get(), 0, "after {k} polls");
        held.assert_nothing_is_held(k).await;
    }
    assert!(
        (1..39).contains(&ready),
        "calls were dropped in the midst, and others came to their end: {ready}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stack_chosen_at_run_time_leaves_nothing_behind() {
    for k in 0..40 {
        let held = Held::new().await;
        let (alive, started) = (Cell::new(0), Cell::new(0));
        let policies: [AnyPolicy; 6] = [
            Timeout::new("t", ms(300)).unwrap().into(),
            held.retry.clone().into(),
            held.rate.clone().into(),
            held.breaker.clone().into(),
            held.bulkhead.clone().into(),
            held.adaptive.clone().into(),
        ];
        let guard = DynPipeline::new(policies).unwrap();
        poll_times(guard.call(|| operation(&alive, &started)), k).await;
        assert_eq!(alive.get(), 0, "after {k} polls");
        held.assert_nothing_is_held(k).await;
    }
}

/// A second call that waits for what the first one holds: in line, for its turn, for the probe.
#[tokio::test(start_paused = true)]
async fn one_who_waits_behind_another_leaves_nothing_behind() {
    for k in 0..20 {
        let held = Held::new().await;
        let (alive, started) = (Cell::new(0), Cell::new(10));
        let guard = (&held.rate, &held.bulkhead, &held.adaptive);
        let mut first = Box::pin(guard.call(|| operation(&alive, &started)));
        assert!(futures::poll!(first.as_mut()).is_pending());
        let second = guard.call(|| operation(&alive, &started));
        assert!(!poll_times(second, k).await);
        assert_eq!(alive.get(), 1, "after {k} polls");
        drop(first);
        assert_eq!(alive.get(), 0, "after {k} polls");
        held.assert_nothing_is_held(k).await;
    }
}

#[test]
fn more_policies_than_there_is_room_for_are_refused() {
    let one = || AnyPolicy::from(Timeout::new("t", SECOND).unwrap());
    let error = DynPipeline::<()>::new((0..9).map(|_| one())).unwrap_err();
    assert_eq!(error.to_string(), "9 policies were given; a pipeline chosen at run time holds at most 6");
}

#[tokio::test]
async fn a_stack_chosen_at_run_time_takes_one_box_a_call() {
    let guard = DynPipeline::new([
        AnyPolicy::from(Timeout::new("t", SECOND).unwrap()),
        AnyPolicy::from(Retry::new("r", RetryConfig::FAST).unwrap()),
        AnyPolicy::from(CircuitBreaker::new("b", BreakerConfig::default()).unwrap()),
        AnyPolicy::from(Bulkhead::new("k", BulkheadConfig::NORMAL).unwrap()),
    ])
    .unwrap();
    let call = || guard.call(|| std::future::ready(Ok::<_, &str>(1)));
    call().await.unwrap();
    let mut answer = None;
    let spent = allocation_counter::measure(|| answer = futures::FutureExt::now_or_never(call()));
    assert_eq!((answer, spent.count_total), (Some(Ok(1)), 1));
}
