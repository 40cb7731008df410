use super::*;
use crate::{
    BreakerConfig, CircuitBreaker, Describe, Error, PolicyExt, Retry, RetryConfig, Timeout, Verdict,
    breaker::State,
    telemetry::{Event, OnEvent, PolicyId},
};
use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);

fn on() -> ChaosConfig {
    ChaosConfig::default().enabled(true).seed(7)
}

fn always() -> Injection {
    Injection::rate(1.0)
}

/// Whether each of `n` calls was let through.
macro_rules! pattern {
    ($chaos:expr, $n:expr) => {{
        let mut passed = Vec::new();
        for _ in 0..$n {
            passed.push($chaos.call(|| ready(Ok::<u32, &str>(1))).await == Ok(1));
        }
        passed
    }};
}

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
async fn the_rate_is_the_share_of_calls() {
    for rate in [0.05, 0.5, 0.95] {
        let chaos = Chaos::new("c", on().fault(Injection::rate(rate))).unwrap().fault(|_| "injected");
        pattern!(chaos, 10_000);
        let share = chaos.stats().faults as f64 / 10_000.0;
        assert!((share - rate).abs() < 0.02, "{share} instead of {rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_deals_the_nth_call_the_same_whatever_else_goes_on() {
    let config = || on().fault(Injection::rate(0.3));
    let alone = Chaos::new("c", config()).unwrap().fault(|_| "injected");
    let expected = pattern!(alone, 200);
    assert!(expected.contains(&true) && expected.contains(&false));

    // Policies that draw numbers of their own, and delays beside the faults, shift nothing.
    let delayed = config().latency(Injection::rate(0.5), SECOND);
    let retry = Retry::new("r", RetryConfig::NONE.seed(7)).unwrap();
    let among = (retry, Chaos::new("c", delayed).unwrap().fault(|_| "injected"));
    assert_eq!(pattern!(among, 200), expected);
    assert!(among.1.stats().delays > 0);

    let other = Chaos::new("c", config().seed(8)).unwrap().fault(|_| "injected");
    assert_ne!(pattern!(other, 200), expected);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_strikes_in_its_windows_only() {
    let once = Window::new(10 * SECOND, 5 * SECOND);
    let again = Window::new(20 * SECOND, 2 * SECOND).every(10 * SECOND);
    let config = on().fault(Injection::during(once).window(again));
    let chaos = Chaos::new("c", config).unwrap().fault(|_| "injected");
    let mut struck = Vec::new();
    for second in 0..45_u64 {
        if pattern!(chaos, 1) == [false] {
            struck.push(second);
        }
        advance(SECOND).await;
    }
    assert_eq!(struck, [10, 11, 12, 13, 14, 20, 21, 30, 31, 40, 41]);
}

#[tokio::test]
async fn it_can_be_aimed_by_attempt() {
    let chaos = Chaos::new("c", on().fault(always()))
        .unwrap()
        .fault(|_| "injected")
        .only(|target| target.attempt.number() < 3);
    let retry = Retry::new("r", RetryConfig::FAST.initial(Duration::ZERO)).unwrap();
    let guard = (retry, chaos);
    assert_eq!(guard.call_with(|attempt| ready(Ok(attempt.number()))).await, Ok(3));
    assert_eq!((guard.1.stats().faults, guard.1.stats().drawn), (2, 2));
}

#[tokio::test]
async fn it_can_be_aimed_by_label() {
    let chaos = Chaos::new("c", on().fault(always()).label("search")).unwrap().fault(|_| "injected");
    assert_eq!(pattern!(chaos, 1), [true]);
    let (search, detail) = (chaos.labelled("search"), chaos.labelled("detail"));
    assert_eq!((pattern!(search, 1), pattern!(detail, 1)), (vec![false], vec![true]));
    let by_closure = Chaos::new("c", on().fault(always()))
        .unwrap()
        .fault(|_| "injected")
        .only(|t| t.label == Some("search"));
    let (search, detail) = (by_closure.labelled("search"), by_closure.labelled("detail"));
    assert_eq!((pattern!(search, 1), pattern!(detail, 1)), (vec![false], vec![true]));
}

#[tokio::test(start_paused = true)]
async fn it_is_switched_and_reconfigured_live() {
    let config = on().enabled(false).fault(Injection::during(Window::new(Duration::ZERO, SECOND)));
    let chaos = Chaos::new("c", config).unwrap().fault(|_| "injected");
    advance(60 * SECOND).await;
    assert_eq!(pattern!(chaos, 1), [true]);
    chaos.enable();
    assert!(chaos.is_enabled() && chaos.config().enabled);
    assert_eq!(pattern!(chaos, 1), [false], "the schedule begins when it is enabled");
    chaos.enable();
    advance(SECOND).await;
    assert_eq!(pattern!(chaos, 1), [true]);
    chaos.disable();
    chaos.enable();
    assert_eq!(pattern!(chaos, 1), [false]);
    chaos.disable();
    assert_eq!(pattern!(chaos, 1), [true]);
    let said = chaos.reconfigure(on().fault(Injection::rate(1.5))).unwrap_err().to_string();
    assert_eq!(said, "policy `c`: fault.rate = 1.5 is out of range: it must be 0 to 1");
    assert!(!chaos.is_enabled());
    assert_eq!(chaos.stats().faults, 2);
}

#[tokio::test]
async fn reconfigured_the_series_goes_on_and_with_another_seed_begins_again() {
    let faults = |seed| on().fault(Injection::rate(0.5)).seed(seed);
    let reference = Chaos::new("c", faults(1)).unwrap().fault(|_| "injected");
    let whole = pattern!(reference, 100);
    let chaos = Chaos::new("c", faults(1)).unwrap().fault(|_| "injected");
    let mut parts = pattern!(chaos, 40);
    chaos.reconfigure(faults(1).label("unused")).unwrap();
    chaos.reconfigure(faults(1)).unwrap();
    parts.extend(pattern!(chaos, 60));
    assert_eq!(parts, whole);
    chaos.reconfigure(faults(2)).unwrap();
    chaos.reconfigure(faults(1)).unwrap();
    assert_eq!(pattern!(chaos, 100), whole);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_it_draws_and_counts_and_disturbs_nothing() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let config = on().shadow(true).fault(Injection::rate(0.5)).latency(always(), SECOND);
    let chaos = Chaos::new("c", config.clone())
        .unwrap()
        .fault(|_| "injected")
        .observe(OnEvent::new(move |_: &PolicyId, event| heard.lock().unwrap().push(event)));
    let began = Instant::now();
    assert_eq!(pattern!(chaos, 100), [true; 100]);
    assert_eq!((began.elapsed(), chaos.stats().would_disturb), (Duration::ZERO, 100));
    let real = Chaos::new("c", config.shadow(false)).unwrap().fault(|_| "injected");
    pattern!(real, 100);
    assert_eq!(events.lock().unwrap().len() as u64, real.stats().faults);
    assert!(events.lock().unwrap().iter().all(|event| *event == Event::WouldReject));
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_every_injection() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let chaos = Chaos::new("c", on().fault(always()).latency(always(), SECOND))
        .unwrap()
        .fault(|_| "injected")
        .observe(OnEvent::new(move |policy: &PolicyId, event| {
            assert_eq!(policy.to_string(), "chaos `c`");
            heard.lock().unwrap().push(event);
        }));
    pattern!(chaos, 2);
    assert_eq!(*events.lock().unwrap(), [Event::Injected; 4]);
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

#[test]
fn it_says_what_it_may_add() {
    let limit = || Timeout::new("t", SECOND).unwrap();
    let chaos = Chaos::new("c", on().enabled(false).latency(always(), 3 * SECOND)).unwrap();
    let guard = (chaos, limit());
    assert_eq!(guard.bound().time, Some(SECOND));
    guard.0.enable();
    assert_eq!(guard.bound().time, Some(4 * SECOND));
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_all_at_once() {
    let window = Window::new(SECOND, Duration::ZERO).every(SECOND);
    let wrong = ChaosConfig::default()
        .latency(Injection::rate(-0.1), 3 * SECOND..=SECOND)
        .outcome(Injection::rate(f64::NAN).window(window));
    let said = Chaos::new("c", wrong).unwrap_err().to_string();
    assert_eq!(
        said,
        "policy `c`: latency.rate = -0.1 is out of range: it must be 0 to 1; \
         delay.max = 1s is out of range: it must be at least `delay.min`; \
         outcome.rate = NaN is out of range: it must be 0 to 1; \
         outcome.windows[0].lasts = 0ns is out of range: it must be longer than 0s"
    );
    let too_often = Window::new(SECOND, 2 * SECOND).every(SECOND);
    assert!(Chaos::new("c", on().fault(Injection::during(too_often))).is_err());
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_off_by_default_and_unknown_fields_are_refused() {
    let text = r#"{
        "seed": 7,
        "labels": ["search"],
        "latency": {"rate": 0.2},
        "delay": {"min": "10ms", "max": "2s"},
        "fault": {"rate": 1, "windows": [{"from": "1m", "lasts": "5s", "every": "1h"}]}
    }"#;
    let config: ChaosConfig = serde_json::from_str(text).unwrap();
    let window = Window::new(60 * SECOND, 5 * SECOND).every(3_600 * SECOND);
    let expected = ChaosConfig::default()
        .seed(7)
        .label("search")
        .latency(Injection::rate(0.2), Duration::from_millis(10)..=2 * SECOND)
        .fault(Injection::during(window));
    assert_eq!(config, expected);
    assert!(!config.enabled);
    assert!(serde_json::from_str::<ChaosConfig>(r#"{"faults": {"rate": 1}}"#).is_err());
}
