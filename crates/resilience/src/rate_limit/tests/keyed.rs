use super::*;

fn keyed(max_keys: usize) -> KeyedRateLimit<u64> {
    KeyedRateLimit::new("tenants", config(2), KeyedConfig::default().max_keys(max_keys)).unwrap()
}

async fn passes(limits: &KeyedRateLimit<u64>, key: u64) -> bool {
    limits.call(&key, || ready(Ok::<_, &str>(()))).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_limit_of_its_own() {
    let limits = keyed(10);
    for key in 0..3 {
        assert!(passes(&limits, key).await);
        assert!(passes(&limits, key).await);
        assert!(!passes(&limits, key).await);
    }
    assert_eq!((limits.keys().keys, limits.rejected()), (3, 3));
    advance(100 * MS).await;
    assert!(passes(&limits, 1).await);
}

/// A flood of new keys must not free those who have used their calls up: by pushing them out of a full table.
#[tokio::test(start_paused = true)]
async fn a_flood_of_keys_resets_nobodys_limit_and_gains_one_keys_worth() {
    let limits = keyed(4);
    for key in 0..4 {
        assert!(passes(&limits, key).await && passes(&limits, key).await);
    }
    let mut gained = 0;
    for key in 100..1_100 {
        gained += u32::from(passes(&limits, key).await);
        assert!(limits.keys().keys <= 4);
    }
    assert_eq!(gained, 2, "all that found no room share one limit");
    for key in 0..4 {
        assert!(!passes(&limits, key).await, "still out of calls");
    }
    assert_eq!(limits.keys().refused, 1_000);
    // Once the buckets are full again, their keys make room.
    advance(200 * MS).await;
    assert!(passes(&limits, 2_000).await);
    assert_eq!((limits.keys().keys, limits.keys().forgotten), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_or_is_held_is_not_forgotten() {
    let limits = KeyedRateLimit::new(
        "tenants",
        config(1).max_wait(Duration::from_secs(1)),
        KeyedConfig::default().max_keys(1),
    )
    .unwrap();
    assert!(passes(&limits, 1).await);
    let mut waiter = Box::pin(limits.call(&1, || ready(Ok::<_, &str>(()))));
    assert!(futures::poll!(waiter.as_mut()).is_pending());
    assert_eq!(limits.waiting(), 1);
    advance(Duration::from_secs(10)).await;
    assert!(passes(&limits, 2).await, "by the shared limit");
    assert_eq!((limits.keys().keys, limits.keys().forgotten), (1, 0));
    assert_eq!(waiter.await, Ok(()));
    assert_eq!(limits.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn reconfigured_every_key_keeps_what_is_left() {
    let limits = keyed(10);
    assert!(passes(&limits, 1).await && passes(&limits, 2).await && passes(&limits, 2).await);
    limits.reconfigure(RateLimitConfig::from(Rate::per_minute(2))).unwrap();
    assert_eq!(
        (limits.key(&1).available(), limits.key(&2).available(), limits.key(&3).available()),
        (1, 0, 2)
    );
    assert!(limits.reconfigure(Rate::per_second(0)).is_err());
    assert_eq!(limits.config().rate, Rate::per_minute(2));
    limits.reconfigure_keys(KeyedConfig::default().max_keys(1)).unwrap();
    assert_eq!(limits.keys().max_keys, 1);
}

#[tokio::test(start_paused = true)]
async fn a_keys_limit_stands_in_a_pipeline_that_is_spawned() {
    let limits: Arc<KeyedRateLimit<String>> =
        Arc::new(KeyedRateLimit::new("tenants", config(1), KeyedConfig::default()).unwrap());
    let shared = limits.clone();
    let spawned = tokio::spawn(async move {
        let guard = (Timeout::new("t", Duration::from_secs(1)).unwrap(), shared.key("agency"));
        let first = guard.call(|| ready(Ok::<_, &str>(1))).await;
        (first, guard.call(|| ready(Ok::<_, &str>(2))).await)
    });
    let (first, second) = spawned.await.unwrap();
    assert_eq!(first, Ok(1));
    assert_eq!(second.unwrap_err().policy(), Some("tenants"));
    drop(limits.call("never polled", || ready(Ok::<_, &str>(()))));
    assert_eq!(limits.keys().keys, 1);
}
