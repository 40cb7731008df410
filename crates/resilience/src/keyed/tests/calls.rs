use super::*;

/// vertx-circuit-breaker#58: a look at a known key made another breaker each time.
#[test]
fn a_known_key_makes_no_policy() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let keyed = Keyed::new("hosts", KeyedConfig::default(), move |host: &String| {
        counted.fetch_add(1, Ordering::Relaxed);
        breaker(host)
    })
    .unwrap();
    for n in 0..100 {
        keyed.get(if n % 2 == 0 { "a" } else { "b" }).unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn each_key_has_one_policy_of_its_own() {
    let breakers = breakers(10);
    fail(&breakers, "a", 2).await;
    assert_eq!(breakers.get("a").unwrap().state(), State::Open);
    assert_eq!(breakers.get("b").unwrap().state(), State::Closed);
    assert!(Arc::ptr_eq(&breakers.get("a").unwrap(), &breakers.get("a").unwrap()));
    assert_eq!(breakers.snapshot().keys, 2);
}

#[tokio::test]
async fn a_policy_that_cannot_be_made_is_an_error_that_says_why() {
    let keyed = Keyed::new("hosts", KeyedConfig::default(), |key: &u64| {
        Timeout::new("valuer", Duration::from_secs(*key))
    })
    .unwrap();
    let error = keyed.call(&0, || async { Ok::<_, &str>(()) }).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no policy for this call: policy `valuer`: after = 0ns is out of range: it must be longer than 0s",
    );
    assert_eq!((error.policy(), error.is_rejection()), (Some("valuer"), true));
    assert_eq!(keyed.snapshot().keys, 0);
    assert_eq!(keyed.call(&1, || async { Ok::<_, &str>(7) }).await, Ok(7));
}

#[test]
fn a_panic_while_a_policy_is_made_leaves_nothing_behind() {
    let keyed = Keyed::new("hosts", KeyedConfig::default(), |key: &u64| {
        assert_ne!(*key, 13, "an unlucky key");
        Timeout::new("valuer", Duration::from_secs(1))
    })
    .unwrap();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| keyed.get(&13))).unwrap_err();
    assert_eq!(keyed.snapshot().keys, 0);
    keyed.get(&12).unwrap();
}

#[tokio::test]
async fn a_call_is_send_and_holds_nothing_before_its_first_poll() {
    let breakers = Arc::new(breakers(10));
    let shared = breakers.clone();
    let spawned = tokio::spawn(async move {
        let text = String::from("borrowed by the closure");
        let text = &text;
        shared
            .call("a", || async move {
                tokio::task::yield_now().await;
                Ok::<_, &str>(text.len())
            })
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(23));
    drop(breakers.call("never polled", || async { Ok::<_, &str>(()) }));
    assert_eq!(keys(&breakers), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_leaves_nothing_held() {
    for k in 0..4 {
        let keyed = Keyed::new("tenants", KeyedConfig::default(), |tenant: &String| {
            Bulkhead::new(tenant.as_str(), BulkheadConfig::NORMAL)
        })
        .unwrap();
        let mut call = Box::pin(keyed.call("a", || async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            Ok::<_, &str>(())
        }));
        for _ in 0..k {
            assert!(futures::poll!(call.as_mut()).is_pending());
        }
        drop(call);
        for (_, bulkhead) in keyed.entries() {
            assert_eq!(bulkhead.snapshot().running, 0);
        }
        keyed.forget_idle();
        keyed.forget_idle();
        assert_eq!(keyed.snapshot().keys, 0, "polled {k} times");
    }
}

#[test]
fn a_known_key_is_found_without_an_allocation() {
    let breakers = breakers(10);
    breakers.get("a").unwrap();
    let spent = allocation_counter::measure(|| {
        for _ in 0..100 {
            assert_eq!(breakers.get("a").unwrap().name(), "a");
        }
    });
    assert_eq!(spent.count_total, 0);
}

#[test]
fn a_change_reaches_every_policy_and_says_which_refused_it() {
    let keyed =
        Keyed::new("hosts", KeyedConfig::default(), |_: &u64| Timeout::new("t", Duration::from_secs(1)))
            .unwrap();
    for key in 0..100 {
        keyed.get(&key).unwrap();
    }
    let refused = keyed.apply(|key, timeout| timeout.reconfigure(Duration::from_secs(*key)));
    assert_eq!(refused.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [0]);
    for (key, timeout) in keyed.entries() {
        assert_eq!(timeout.config().after, Duration::from_secs(key.max(1)));
    }
}

/// A policy that was being made from the old source while `apply` went round would otherwise keep the old settings.
#[test]
fn a_change_reaches_also_a_policy_that_is_being_made() {
    static KEYED: OnceLock<Keyed<u64, Timeout>> = OnceLock::new();
    static SECONDS: AtomicU64 = AtomicU64::new(1);
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let make = |_: &u64| {
        let made = Timeout::new("t", Duration::from_secs(SECONDS.load(Ordering::Relaxed)));
        if MADE.fetch_add(1, Ordering::Relaxed) == 0 {
            SECONDS.store(9, Ordering::Relaxed);
            let keyed = KEYED.get().unwrap();
            assert!(keyed.apply(|_, timeout| timeout.reconfigure(Duration::from_secs(9))).is_empty());
        }
        made
    };
    let keyed = KEYED.get_or_init(|| Keyed::new("hosts", KeyedConfig::default(), make).unwrap());
    assert_eq!(keyed.get(&1).unwrap().config().after, Duration::from_secs(9));
    assert_eq!(MADE.load(Ordering::Relaxed), 2);
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_and_unknown_fields_are_refused() {
    let config: KeyedConfig = serde_json::from_str(r#"{"max_keys": 7}"#).unwrap();
    assert_eq!(config, KeyedConfig::default().max_keys(7));
    assert!(serde_json::from_str::<KeyedConfig>(r#"{"max_key": 7}"#).is_err());
}

#[test]
fn keyed_policies_are_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Keyed<String, CircuitBreaker>>();
}
