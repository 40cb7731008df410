use super::*;

/// OmniRoute#4114: a cap that is declared must hold, also between sweeps; here it holds at every insertion.
#[tokio::test]
async fn memory_is_bounded_however_many_keys_come() {
    let breakers = breakers(100);
    for n in 0..5_000 {
        let host = format!("host-{n}");
        assert_eq!(breakers.call(host.as_str(), || async { Ok::<_, &str>(n) }).await, Ok(n));
        assert!(breakers.snapshot().keys <= 100);
    }
    let now = breakers.snapshot();
    assert_eq!((now.keys, now.forgotten, now.refused), (100, 4_900, 0));
}

/// OmniRoute#4114: an open breaker means something, a closed one without failures is like a new one.
#[tokio::test(start_paused = true)]
async fn a_breaker_with_failures_is_never_forgotten() {
    let breakers = breakers(4);
    fail(&breakers, "open", 2).await;
    fail(&breakers, "one-failure", 1).await;
    for n in 0..100 {
        breakers.get(format!("host-{n}").as_str()).unwrap();
    }
    tokio::time::advance(Duration::from_secs(3_599)).await;
    breakers.forget_idle();
    breakers.forget_idle();
    assert_eq!(keys(&breakers), ["one-failure", "open"]);
    assert_eq!(breakers.get("open").unwrap().state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_with_failures_in_its_window_or_somebody_watching_is_never_forgotten() {
    let window = crate::breaker::Window::Time(Duration::from_secs(10));
    let config = BreakerConfig::default().window(window);
    let keyed = Keyed::new("hosts", KeyedConfig::default(), move |host: &String| {
        CircuitBreaker::new(host.as_str(), config.clone())
    })
    .unwrap();
    let forget = || {
        keyed.forget_idle();
        keyed.forget_idle();
        keys(&keyed)
    };
    assert!(keyed.call("failing", || async { Err::<(), _>("down") }).await.is_err());
    assert!(keyed.call("fine", || async { Ok::<_, &str>(()) }).await.is_ok());
    let handle = keyed.get("steered").unwrap().handle();
    let watch = keyed.get("watched").unwrap().handle().watch();
    assert_eq!(forget(), ["failing", "steered", "watched"]);
    drop((handle, watch));
    assert_eq!(forget(), ["failing"]);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(forget().is_empty(), "its failure has left the window");
}

/// fedify#916: the state of a host that is gone for good was never dropped, since nothing but a success there dropped it.
#[tokio::test(start_paused = true)]
async fn hosts_that_are_gone_do_not_fill_the_table_for_ever() {
    let breakers = breakers(4);
    for host in ["a", "b", "c", "d"] {
        fail(&breakers, host, 2).await;
    }
    tokio::time::advance(Duration::from_secs(1_800)).await;
    assert!(matches!(breakers.get("new"), Err(KeyedError::Full { .. })));
    assert!(breakers.get("a").is_ok(), "somebody still asks for it");
    tokio::time::advance(Duration::from_secs(3_600)).await;
    for n in 0..10 {
        breakers.get(n.to_string().as_str()).unwrap();
    }
    assert!(keys(&breakers).contains(&"a".to_owned()));
    assert_eq!(breakers.snapshot().keys, 4);

    let patient =
        Keyed::new("k", KeyedConfig::default().max_keys(1).forget_after(Duration::MAX), |host: &String| {
            breaker(host)
        })
        .unwrap();
    fail(&patient, "a", 2).await;
    let held = patient.get("a").unwrap();
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    assert!(patient.get("b").is_err());
    patient.reconfigure(KeyedConfig::default().max_keys(1)).unwrap();
    patient.get("a").unwrap();
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    assert!(patient.get("b").is_err(), "held");
    drop(held);
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    patient.get("b").unwrap();
}

#[tokio::test]
async fn a_bulkhead_with_somebody_in_it_and_a_policy_that_is_held_are_never_forgotten() {
    let keyed = Keyed::new("tenants", KeyedConfig::default().max_keys(2), |tenant: &String| {
        let bulkhead = Bulkhead::new(tenant.as_str(), BulkheadConfig::NORMAL)?;
        Ok((bulkhead, Timeout::new(tenant.as_str(), Duration::from_secs(1))?))
    })
    .unwrap();
    let mut running = Box::pin(keyed.call("running", std::future::pending::<Result<(), &str>>));
    assert!(futures::poll!(running.as_mut()).is_pending());
    let held = keyed.get("held").unwrap();
    assert_eq!(keyed.get("new").unwrap_err(), KeyedError::Full { policy: "tenants".into(), max_keys: 2 },);
    assert_eq!(keys(&keyed), ["held", "running"]);
    drop(running);
    keyed.get("new").unwrap();
    assert_eq!(keys(&keyed), ["held", "new"]);
    assert!(Arc::ptr_eq(&held, &keyed.get("held").unwrap()));
}

#[test]
fn what_nobody_asked_for_of_late_goes_first() {
    let breakers = breakers(4);
    for key in ["a", "b", "c", "d"] {
        breakers.get(key).unwrap();
    }
    for key in ["a", "b", "d"] {
        breakers.get(key).unwrap();
    }
    breakers.get("e").unwrap();
    assert_eq!(keys(&breakers), ["a", "b", "d", "e"]);
}

/// vertx-circuit-breaker#58: a periodic timer kept every instance alive. Here there is no runtime at all.
#[test]
fn forgetting_needs_no_timer_and_frees_the_policy() {
    let breakers = breakers(10);
    let weak = Arc::downgrade(&breakers.get("a").unwrap());
    breakers.get("a").unwrap();
    assert_eq!(breakers.forget_idle(), 0, "asked for since it was made");
    assert_eq!(breakers.forget_idle(), 1);
    assert!(weak.upgrade().is_none());
    assert_eq!(breakers.snapshot().keys, 0);
}

#[tokio::test]
async fn a_new_key_without_room_is_refused_or_shares_the_overflow() {
    let refusing = breakers(1);
    fail(&refusing, "a", 1).await;
    let refused = refusing.call("b", || async { Ok::<_, &str>(()) }).await.unwrap_err();
    let reason = ShedReason::TooManyKeys;
    assert_eq!(refused, Error::Shed { policy: "hosts".into(), reason, retry_after: None });
    assert!(refused.is_rejection());
    assert_eq!(refusing.snapshot().refused, 1);

    let sharing = breakers(1).overflow(breaker("the rest").unwrap());
    fail(&sharing, "a", 1).await;
    fail(&sharing, "b", 1).await;
    fail(&sharing, "c", 1).await;
    let open = sharing.call("d", || async { Ok::<_, &str>(()) }).await.unwrap_err();
    assert_eq!(open.policy(), Some("the rest"));
    assert_eq!(sharing.call("a", || async { Ok::<_, &str>(1) }).await, Ok(1), "it pays for nobody else");
    assert_eq!(sharing.snapshot().keys, 1);
}

#[test]
fn a_lower_bound_is_reached_as_room_is_needed() {
    let breakers = breakers(10);
    for n in 0..10 {
        breakers.get(n.to_string().as_str()).unwrap();
    }
    breakers.reconfigure(KeyedConfig::default().max_keys(3)).unwrap();
    assert_eq!(breakers.snapshot().keys, 10);
    breakers.get("new").unwrap();
    assert_eq!((breakers.snapshot().keys, breakers.snapshot().max_keys), (3, 3));
    let said = breakers.reconfigure(KeyedConfig::default().max_keys(0)).unwrap_err().to_string();
    assert_eq!(said, "policy `hosts`: max_keys = 0 is out of range: it must be at least 1");
    assert_eq!(breakers.snapshot().max_keys, 3);
}

#[test]
fn what_remembers_nothing_but_counts_can_always_be_forgotten_and_what_learns_cannot() {
    let hedge = |config| crate::Hedge::new("h", config).unwrap();
    let fixed = hedge(crate::HedgeConfig::default());
    let learning = hedge(crate::HedgeConfig::default().percentile(0.95));
    let retry = crate::Retry::new("r", crate::RetryConfig::FAST).unwrap();
    let fallback = crate::Fallback::new("f", crate::FallbackConfig::default()).unwrap().to(1);
    assert!((&retry, &fixed, fallback).is_forgettable());
    assert!(!(retry, learning).is_forgettable());
}
