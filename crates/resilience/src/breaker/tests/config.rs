use super::*;

#[test]
fn bad_configuration_is_named() {
    let wrong = |config| CircuitBreaker::new("valuer", config).unwrap_err().to_string();
    let said = wrong(BreakerConfig::default().failure_threshold(0));
    assert_eq!(said, "policy `valuer`: failure_threshold = 0 is out of range: it must be at least 1");
    for (config, field) in [
        (BreakerConfig::default().success_threshold(0), "success_threshold"),
        (BreakerConfig::default().max_probes(0), "max_probes"),
        (BreakerConfig::default().open_for(Duration::ZERO), "open_for"),
        (BreakerConfig::default().open_for_max(Duration::ZERO), "open_for_max"),
        (BreakerConfig::default().probe_lease(Duration::MAX), "probe_lease"),
        (BreakerConfig::default().open_backoff(0.5), "open_backoff"),
        (BreakerConfig::default().open_backoff(f64::NAN), "open_backoff"),
        (BreakerConfig::default().open_jitter(1.5), "open_jitter"),
        (BreakerConfig::default().failure_rate(0.0), "failure_rate"),
        (BreakerConfig::default().failure_rate(f64::NAN), "failure_rate"),
        (BreakerConfig::default().ramp([0.5, 0.1]), "ramp"),
        (BreakerConfig::default().ramp([0.0]), "ramp"),
        (BreakerConfig::default().window(Window::Count(0)), "window.count"),
        (BreakerConfig::default().window(Window::Count(16_385)), "window.count"),
        (BreakerConfig::default().window(Window::Count(10)), "minimum_calls"),
        (BreakerConfig::default().window(Window::Time(Duration::ZERO)), "window.time"),
        (BreakerConfig::default().window(Window::Time(SECOND)).slow_call_rate(2.0), "slow_call_rate"),
        (BreakerConfig::default().slow_call_rate(0.5), "slow_call_rate"),
    ] {
        let said = wrong(config);
        assert!(said.contains(&format!("{field} = ")), "{said}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let config = BreakerConfig::default().failure_threshold(0).open_for(Duration::ZERO).failure_rate(1.5);
    let error = CircuitBreaker::new("valuer", config).unwrap_err();
    let fields: Vec<_> = error.problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(fields, ["failure_threshold", "failure_rate", "open_for"]);
}

#[cfg(feature = "config")]
#[test]
fn windows_are_spelt_as_documented() {
    let window = |json: &str| serde_json::from_str::<BreakerConfig>(json).unwrap().window;
    assert_eq!(window(r#"{"window": "consecutive"}"#), Window::Consecutive);
    assert_eq!(window(r#"{"window": {"count": 100}}"#), Window::Count(100));
    assert_eq!(window(r#"{"window": {"time": "60s"}}"#), Window::Time(Duration::from_secs(60)));
}
