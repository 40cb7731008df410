use super::*;

#[test]
fn bad_configuration_is_named() {
    let wrong = |config| Retry::new("r", config).unwrap_err().problems[0].field.clone();
    assert_eq!(wrong(RetryConfig::FAST.max_attempts(0)), "max_attempts");
    assert_eq!(wrong(RetryConfig::FAST.max(ms(1))), "max");
    assert_eq!(wrong(RetryConfig::FAST.multiplier(0.5)), "multiplier");
    assert_eq!(wrong(RetryConfig::FAST.multiplier(f64::NAN)), "multiplier");
    assert_eq!(wrong(RetryConfig::FAST.attempt_timeout(Duration::ZERO)), "attempt_timeout");
    assert_eq!(wrong(RetryConfig::FAST.max_elapsed(Duration::ZERO)), "max_elapsed");
    let all = Retry::new("r", RetryConfig::FAST.max_attempts(0).multiplier(0.0).max(ms(1))).unwrap_err();
    assert_eq!(all.problems.len(), 3, "all that is wrong is said at once: {all}");
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_humane() {
    let text = r#"{"backoff": "fibonacci", "initial": "50ms", "jitter": "decorrelated", "attempt_timeout": "2s",
        "max_elapsed": "1m", "max_retry_after": "5s", "shadow": true}"#;
    let config: RetryConfig = serde_json::from_str(text).unwrap();
    let expected = RetryConfig::STANDARD
        .backoff(Backoff::Fibonacci)
        .initial(ms(50))
        .jitter(Jitter::Decorrelated)
        .attempt_timeout(ms(2_000))
        .max_elapsed(ms(60_000))
        .max_retry_after(ms(5_000))
        .shadow(true);
    assert_eq!(config, expected);
    let back = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<RetryConfig>(&back).unwrap(), config);
    assert!(serde_json::from_str::<RetryConfig>(r#"{"retries": 3}"#).is_err());
}
