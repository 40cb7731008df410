//! Profiles, ranges, formulas.

use mainstay_pool::sizing::{deadlock_floor, recommended_size};
use mainstay_pool::{ConfigError, LaneConfig, Pool, PoolConfig};

use crate::fake::{Fake, config, ms, secs};

#[test]
fn profiles_are_what_they_say() {
    let shape = |config: PoolConfig| (config.min, config.max, config.idle_timeout);
    assert_eq!(shape(PoolConfig::development()), (2, 5, Some(secs(30))));
    assert_eq!(shape(PoolConfig::testing()), (1, 5, Some(secs(5))));
    assert_eq!(shape(PoolConfig::production()), (5, 20, Some(secs(60))));
    assert_eq!(shape(PoolConfig::high_load()), (10, 40, Some(secs(90))));
    assert_eq!(PoolConfig::default(), PoolConfig::production());
}

#[test]
fn profiles_are_found_by_name() {
    for (name, profile) in [
        ("development", PoolConfig::development()),
        ("testing", PoolConfig::testing()),
        ("production", PoolConfig::production()),
        ("high_load", PoolConfig::high_load()),
    ] {
        assert_eq!(PoolConfig::profile(name).unwrap(), profile);
        assert!(profile.validate().is_ok(), "{name}");
    }
    let error = PoolConfig::profile("prod").unwrap_err().to_string();
    assert!(error.contains("`prod`") && error.contains("production, high_load"), "{error}");
}

#[test]
fn what_is_out_of_range_is_named_with_its_value_and_range() {
    let never = None;
    let refused = [
        (config(0), "max = 0, allowed is 1 to 10000"),
        (config(3).min(4), "min = 4, allowed is 0 to 3"),
        (config(3).max_connecting(0), "max_connecting = 0, allowed is 1 to 1000"),
        (config(3).acquire_timeout(secs(3601)), "acquire_timeout = 3601s, allowed is 1ms to 3600s"),
        (config(3).connect_timeout(secs(3601)), "connect_timeout = 3601s, allowed is 1ms to 3600s"),
        (config(3).max_backoff(ms(9)), "max_backoff = 9ms, allowed is 10ms to 3600s"),
        (config(3).check_timeout(ms(0)), "check_timeout = 0ns, allowed is 1ms to 5s"),
        (config(3).acquire_timeout(ms(100)), "check_timeout = 1s, allowed is 1ms to 100ms"),
        (config(3).reset_timeout(ms(0)), "reset_timeout = 0ns, allowed is 1ms to 3600s"),
        (config(3).hook_timeout(ms(0)), "hook_timeout = 0ns, allowed is 1ms to 3600s"),
        (config(3).check_after(secs(2_592_001)), "check_after = 2592001s, allowed is 0ns to 2592000s"),
        (config(3).idle_timeout(Some(ms(0))), "idle_timeout = 0ns, allowed is 1ms to 2592000s"),
        (config(3).max_lifetime(Some(ms(0))), "max_lifetime = 0ns, allowed is 1ms to 2592000s"),
        (
            config(3).max_lifetime(Some(secs(60))).keepalive(Some(secs(61))),
            "keepalive = 61s, allowed is 1ms to 60s",
        ),
        (
            config(3).server_lifetime(Some(secs(60))).max_lifetime(Some(secs(60))),
            "max_lifetime = 60s, allowed is less than server_lifetime, 60s",
        ),
        (
            config(3).server_lifetime(Some(secs(60))).max_lifetime(never),
            "max_lifetime = never, allowed is less than server_lifetime, 60s",
        ),
        (config(3).fail_fast_after(Some(secs(3601))), "fail_fast_after = 3601s, allowed is 0ns to 3600s"),
        (config(3).leak_after(Some(ms(0))), "leak_after = 0ns, allowed is 1ms to 2592000s"),
        (config(3).clock_resolution(secs(2)), "clock_resolution = 2s, allowed is 0ns to 1s"),
        (config(3).lane("reports", LaneConfig::default().cap(4)), "lanes.reports.cap = 4, allowed is 1 to 3"),
        (
            config(3).lane("reports", LaneConfig::default().cap(1).guaranteed(2)),
            "lanes.reports.guaranteed = 2, allowed is 0 to 1",
        ),
        (
            config(3)
                .lane("a", LaneConfig::default().guaranteed(2))
                .lane("b", LaneConfig::default().guaranteed(2)),
            "guaranteed of all lanes = 4, allowed is 0 to 2",
        ),
    ];
    for (config, text) in refused {
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), format!("pool configuration: {text}"));
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let error = config(3).min(9).max_connecting(0).hook_timeout(ms(0)).validate().unwrap_err();
    let fields: Vec<_> = error.problems().iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["min", "max_connecting", "hook_timeout"]);
    let text = error.to_string();
    assert!(text.contains("min = 9, allowed is 0 to 3; max_connecting = 0"), "{text}");
}

#[test]
fn a_pool_needs_a_runtime() {
    struct Never;
    impl mainstay_pool::Manager for Never {
        type Connection = ();
        type Error = std::convert::Infallible;
        async fn connect(&self) -> Result<(), Self::Error> {
            std::future::pending().await
        }
        async fn check(&self, (): &mut ()) -> Result<(), Self::Error> {
            Ok(())
        }
    }
    let error = Pool::new("lost", Never, PoolConfig::testing()).unwrap_err();
    assert_eq!(error, ConfigError::NoRuntime { pool: "lost".into() });
}

#[test]
fn formulas() {
    assert_eq!((recommended_size(4, 1), recommended_size(16, 0)), (9, 32));
    assert_eq!((deadlock_floor(3, 4), deadlock_floor(8, 1), deadlock_floor(0, 5)), (10, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn deadlock_floor_is_the_least_size_that_gets_through() {
    // Three tasks that each take three connections one after another, holding what they have.
    for (size, gets_through) in [(deadlock_floor(3, 3), true), (deadlock_floor(3, 3) - 1, false)] {
        let pool = Fake::new().pool(config(size).acquire_timeout(secs(1)));
        let tasks = (0..3).map(|_| async {
            let mut held = Vec::new();
            for _ in 0..3 {
                held.push(pool.get().await.ok()?);
                tokio::time::sleep(ms(1)).await;
            }
            Some(())
        });
        let done = futures::future::join_all(tasks).await;
        assert_eq!(done.iter().all(Option::is_some), gets_through, "size {size}");
    }
}

#[cfg(feature = "config")]
#[test]
fn configuration_reads_humane_durations_and_refuses_unknown_fields() {
    let read: PoolConfig =
        serde_json::from_str(r#"{"max": 8, "acquire_timeout": "250ms", "idle_timeout": null}"#).unwrap();
    assert_eq!(read, PoolConfig::default().max(8).acquire_timeout(ms(250)).idle_timeout(None));
    let back: PoolConfig = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(back, read);
    assert!(serde_json::from_str::<PoolConfig>(r#"{"maximum": 8}"#).is_err());
}

#[cfg(feature = "config")]
#[test]
fn a_span_may_be_never() {
    let read: PoolConfig = serde_json::from_str(r#"{"max_lifetime": "never", "keepalive": "90s"}"#).unwrap();
    assert_eq!(read, PoolConfig::default().max_lifetime(None).keepalive(Some(secs(90))));
    let error = serde_json::from_str::<PoolConfig>(r#"{"max_lifetime": "soon"}"#).unwrap_err().to_string();
    assert!(error.contains("\"soon\" is neither a duration nor \"never\""), "{error}");
}
