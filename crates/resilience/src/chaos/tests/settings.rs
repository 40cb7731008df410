use super::*;

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

#[test]
fn chaos_is_shared_between_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&Chaos::new("c", on()).unwrap().fault(|_| "injected").only(|_| true));
}
