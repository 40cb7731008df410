use super::*;

#[tokio::test]
async fn nothing_is_injected_unless_it_is_enabled() {
    let config =
        ChaosConfig::default().fault(always()).outcome(always()).panic(always()).latency(always(), SECOND);
    let chaos = Chaos::new("c", config).unwrap().fault(|_| "injected").outcome(|_| 2);
    assert_eq!(pattern!(chaos, 100), [true; 100]);
    assert_eq!(chaos.stats(), ChaosStats::default());
    assert_eq!(ChaosConfig::default(), ChaosConfig::default().enabled(false));
}

#[tokio::test]
async fn enabled_without_rates_it_injects_nothing() {
    let chaos = Chaos::new("c", on()).unwrap().fault(|_| "injected");
    assert_eq!(pattern!(chaos, 100), [true; 100]);
    assert_eq!(chaos.stats().drawn, 100);
}

#[tokio::test]
async fn a_fault_takes_the_operations_place() {
    let chaos = Chaos::new("c", on().fault(always())).unwrap().fault(|attempt| attempt.number());
    let answer =
        chaos.call(|| async { if true { panic!("not to be run") } else { Ok::<(), u32>(()) } }).await;
    assert_eq!(answer, Err(Error::Operation(1)));
    assert_eq!(chaos.stats().faults, 1);
}

#[tokio::test]
async fn an_outcome_takes_the_operations_place() {
    let chaos = Chaos::new("c", on().outcome(always())).unwrap().outcome(|_| 2);
    assert_eq!(chaos.call(|| ready(Ok::<_, &str>(1))).await, Ok(2));
    assert_eq!(chaos.stats().outcomes, 1);
}

#[tokio::test]
async fn a_panic_says_whose_it_is() {
    let chaos = Arc::new(Chaos::new("rehearsal", on().panic(always())).unwrap());
    let shared = chaos.clone();
    let panicked = tokio::spawn(async move { shared.call(|| ready(Ok::<_, &str>(1))).await });
    let said = panicked.await.unwrap_err().into_panic();
    assert_eq!(*said.downcast::<String>().unwrap(), "chaos `rehearsal` injected this panic");
    assert_eq!(chaos.stats().panics, 1);
}

#[tokio::test]
async fn what_is_configured_but_not_made_lets_the_call_through() {
    let chaos = Chaos::new("c", on().fault(always())).unwrap();
    assert_eq!(pattern!(chaos, 10), [true; 10]);
    assert_eq!(chaos.stats().faults, 0);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_fixed_or_drawn_from_a_range() {
    let fixed = Chaos::new("c", on().latency(always(), SECOND)).unwrap();
    let began = Instant::now();
    assert_eq!(pattern!(fixed, 5), [true; 5]);
    assert_eq!((began.elapsed(), fixed.stats().delays), (5 * SECOND, 5));

    let ranged = Chaos::new("c", on().latency(always(), SECOND..=3 * SECOND)).unwrap();
    let mut delays = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        pattern!(ranged, 1);
        delays.push(began.elapsed());
    }
    assert!(delays.iter().all(|delay| (SECOND..=3 * SECOND + Duration::from_millis(1)).contains(delay)));
    let mean = delays.iter().sum::<Duration>() / 200;
    assert!((Duration::from_millis(1_800)..Duration::from_millis(2_200)).contains(&mean), "{mean:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delay_comes_before_the_fault_and_spends_the_callers_time() {
    let config = on().latency(always(), SECOND).fault(always());
    let chaos = Chaos::new("c", config).unwrap().fault(|_| "injected");
    let began = Instant::now();
    assert_eq!(chaos.call(|| ready(Ok::<(), _>(()))).await, Err(Error::Operation("injected")));
    assert_eq!(began.elapsed(), SECOND);

    let guard = (Timeout::new("t", SECOND / 2).unwrap(), chaos);
    assert!(guard.call(|| ready(Ok::<(), _>(()))).await.unwrap_err().is_timeout());
    guard.1.reconfigure(on().latency(always(), SECOND / 4)).unwrap();
    let left = guard.call_with(|attempt| ready(Ok::<_, &str>(attempt.time_left())));
    assert_eq!(left.await, Ok(Some(SECOND / 4)));
}

#[tokio::test]
async fn policies_around_it_take_an_injected_fault_for_a_real_one() {
    let chaos = Chaos::new("c", on().fault(always())).unwrap().fault(|_| "injected");
    let guard = (CircuitBreaker::new("b", BreakerConfig::default().failure_threshold(3)).unwrap(), chaos);
    pattern!(guard, 3);
    assert_eq!(guard.0.state(), State::Open);
    // And an injected panic.
    let panics = Chaos::new("c", on().panic(always())).unwrap();
    let config = BreakerConfig::default().failure_threshold(1).abandoned(Verdict::Ignore);
    let guard = Arc::new((CircuitBreaker::new("b", config).unwrap(), panics));
    let shared = guard.clone();
    tokio::spawn(async move { shared.call(|| ready(Ok::<_, &str>(1))).await }).await.unwrap_err();
    assert_eq!(guard.0.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_deals_once_and_never_polled_not_at_all() {
    let chaos = Chaos::new("c", on().latency(always(), SECOND)).unwrap();
    for k in 0..4_u64 {
        let before = chaos.stats().drawn;
        let mut call = Box::pin(chaos.call(pending::<Result<(), &str>>));
        for _ in 0..k {
            assert!(futures::poll!(call.as_mut()).is_pending());
        }
        drop(call);
        assert_eq!(chaos.stats().drawn - before, k.min(1), "polled {k} times");
    }
}

#[test]
fn disabled_it_needs_no_runtime_and_allocates_nothing() {
    let chaos = Chaos::new("c", ChaosConfig::default().fault(always())).unwrap();
    let spent = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            let call = chaos.call(|| ready(Ok::<_, &str>(1)));
            assert_eq!(futures::FutureExt::now_or_never(call), Some(Ok(1)));
        }
    });
    assert_eq!(spent.count_total, 0);
}
