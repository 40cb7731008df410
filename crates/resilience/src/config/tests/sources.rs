use super::*;
use std::{process::Command, time::Duration};

#[test]
fn later_sources_beat_earlier_ones_setting_by_setting() {
    let folder = tempfile::tempdir().unwrap();
    let (base, over) = (folder.path().join("base.toml"), folder.path().join("over.json"));
    std::fs::write(&base, "[retry]\nmax_attempts = 2\ninitial = '10ms'\n[breaker]\nopen_for = '1m 30s'")
        .unwrap();
    std::fs::write(
        &over,
        r#"{ "retry": { "max_attempts": 3 }, "service": { "x": { "timeout": { "after": "1s" } } } }"#,
    )
    .unwrap();
    let sources = Sources::new().file(&base).file(&over).variables([
        ("MAINSTAY_RETRY__INITIAL", "20ms"),
        ("MAINSTAY_SERVICE__X__BULKHEAD__MAX_CONCURRENT", "4"),
    ]);
    let config = ResilienceConfig::load(&sources).unwrap();
    assert_eq!(config.general().retry.max_attempts, 3);
    assert_eq!(config.general().retry.initial, Duration::from_millis(20));
    assert_eq!(config.general().breaker.open_for, Duration::from_secs(90));
    assert_eq!(config.service("x").timeout.after, Duration::from_secs(1));
    assert_eq!(config.service("x").bulkhead.max_concurrent, 4);
}

#[test]
fn variables_are_numbers_words_switches_and_durations() {
    let config = ResilienceConfig::load(&Sources::new().variables([
        ("MAINSTAY_PROFILE", "testing"),
        ("MAINSTAY_RETRY__MULTIPLIER", "1.5"),
        ("MAINSTAY_RETRY__JITTER", "full"),
        ("MAINSTAY_RETRY__SEED", "7"),
        ("MAINSTAY_TIMEOUT__SHADOW", "true"),
        ("MAINSTAY_BULKHEAD__QUEUE_TIMEOUT", "2s"),
    ]))
    .unwrap();
    let general = config.general();
    assert_eq!((config.profile(), general.retry.multiplier), (Profile::Testing, 1.5));
    assert_eq!((general.retry.jitter, general.retry.seed), (crate::Jitter::Full, Some(7)));
    assert!(general.timeout.shadow);
    assert_eq!(general.bulkhead.queue_timeout, Some(Duration::from_secs(2)));
}

#[test]
fn a_variable_may_hold_a_whole_section_and_a_longer_name_beats_it() {
    let config = ResilienceConfig::load(&Sources::new().variables([
        ("MAINSTAY_RETRY__INITIAL", "20ms"),
        ("MAINSTAY_RETRY", "{max_attempts=2,initial=\"10ms\"}"),
    ]))
    .unwrap();
    assert_eq!(config.general().retry.max_attempts, 2);
    assert_eq!(config.general().retry.initial, Duration::from_millis(20));
    assert_eq!(
        refused(&Sources::new().variables([("MAINSTAY_TIMEOUT", "30")])),
        ["timeout = 30 cannot be read: expected a table; set in environment variable `MAINSTAY_TIMEOUT`"]
    );
}

#[test]
fn a_variable_of_somebody_else_is_passed_over_and_one_that_was_meant_for_us_is_not() {
    let others = [
        ("MAINSTAY_POOL_SIZE", "5"),
        ("MAINSTAY_CACHE_MEMORY__CAPACITY", "5"),
        ("PATH", "bin"),
        ("OTHER_BREAKER__OPEN_FOR", "1s"),
    ];
    assert_eq!(ResilienceConfig::load(&Sources::new().variables(others)), Ok(ResilienceConfig::default()));
    assert_eq!(
        refused(&Sources::new().variables([("MAINSTAY_BREAKER_OPEN_FOR", "30s")])),
        ["breaker_open_for: no such setting, did you mean `breaker`?; \
             set in environment variable `MAINSTAY_BREAKER_OPEN_FOR`"],
    );
}

const CHILD: &str = "MAINSTAY_CHILD_OF_THE_TEST";

/// The process's own environment cannot be changed safely while other tests run: the test looks at it from a child.
#[test]
fn the_environment_is_read() {
    if std::env::var_os(CHILD).is_some() {
        let sources = Sources::new().environment().environment_prefixed("HOUSE_");
        let config = ResilienceConfig::load(&sources).unwrap();
        assert_eq!(config.profile(), Profile::Production);
        assert_eq!(config.service("database").bulkhead.max_concurrent, 16);
        assert_eq!(config.general().retry.max_attempts, 2);
        return;
    }
    let name = "config::tests::sources::the_environment_is_read";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, "yes")
        .env("MAINSTAY_PROFILE", "production")
        .env("MAINSTAY_SERVICE__DATABASE__BULKHEAD__MAX_CONCURRENT", "16")
        .env("HOUSE_RETRY__MAX_ATTEMPTS", "2")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_file_may_be_absent_only_where_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.toml");
    assert_eq!(
        ResilienceConfig::load(&Sources::new().optional_file(&absent)),
        Ok(ResilienceConfig::default())
    );
    let said = refused(&Sources::new().file(&absent));
    assert!(said[0].starts_with(&format!("file `{}` cannot be read: ", absent.display())), "{said:?}");
    assert_eq!(said.len(), 1);
}
