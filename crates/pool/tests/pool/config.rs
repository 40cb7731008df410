//! Profiles, ranges, formulas.

use mainstay_pool::sizing::{deadlock_floor, recommended_size};
use mainstay_pool::{ConfigError, Pool, PoolConfig};

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
fn what_is_out_of_range_is_named_with_its_value_and_range() {
    let refused = [
        (config(0), "max = 0, allowed is 1 to 10000"),
        (config(3).min(4), "min = 4, allowed is 0 to 3"),
        (config(3).max_connecting(0), "max_connecting = 0, allowed is 1 to 1000"),
        (config(3).acquire_timeout(ms(0)), "acquire_timeout = 0ns, allowed is 1ms to 3600s"),
        (config(3).connect_timeout(secs(3601)), "connect_timeout = 3601s, allowed is 1ms to 3600s"),
        (config(3).check_timeout(ms(0)), "check_timeout = 0ns, allowed is 1ms to 3600s"),
        (config(3).reset_timeout(ms(0)), "reset_timeout = 0ns, allowed is 1ms to 3600s"),
        (config(3).idle_timeout(Some(ms(0))), "idle_timeout = 0ns, allowed is 1ms to 2592000s"),
        (config(3).max_lifetime(Some(ms(0))), "max_lifetime = 0ns, allowed is 1ms to 2592000s"),
    ];
    for (config, text) in refused {
        let error = config.validate().unwrap_err();
        assert!(error.to_string().ends_with(text), "{error} does not end with {text}");
    }
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
