use super::*;
use crate::{
    BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, ConfigError, Error, ShedReason, Timeout,
    breaker::State,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

fn breaker(key: &str) -> Result<CircuitBreaker, ConfigError> {
    CircuitBreaker::new(key, BreakerConfig::default().failure_threshold(2))
}

fn breakers(max_keys: usize) -> Keyed<String, CircuitBreaker> {
    Keyed::new("hosts", KeyedConfig::default().max_keys(max_keys), |host: &String| breaker(host)).unwrap()
}

async fn fail(breakers: &Keyed<String, CircuitBreaker>, key: &str, times: usize) {
    for _ in 0..times {
        let failed = breakers.call(key, || async { Err::<(), _>("down") }).await;
        assert_eq!(failed, Err(Error::Operation("down")));
    }
}

fn keys<P: Forgettable>(keyed: &Keyed<String, P>) -> Vec<String> {
    let mut keys: Vec<_> = keyed.entries().into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys
}

/// A policy that is forgettable when told so.
struct Told {
    serial: u64,
    troubled: AtomicBool,
}

impl Forgettable for Told {
    fn is_forgettable(&self) -> bool {
        !self.troubled.load(Ordering::Relaxed)
    }
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

/// vertx-circuit-breaker#58: a timer an instance keeps the instance alive. Here there is no runtime at all.
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

/// Keys that are held or troubled keep their policy through any series of events, and the bound holds throughout.
#[test]
fn random_use_never_forgets_what_must_stay_and_never_exceeds_the_bound() {
    let seeds = (0..40).chain([fastrand::u64(..)]);
    for seed in seeds {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let max = rng.usize(1..200);
        let serial = Arc::new(AtomicU64::new(0));
        let next = serial.clone();
        let keyed = Keyed::new("k", KeyedConfig::default().max_keys(max), move |_: &u64| {
            Ok(Told { serial: next.fetch_add(1, Ordering::Relaxed), troubled: AtomicBool::new(false) })
        })
        .unwrap();
        let (mut held, mut troubled) = (HashMap::<u64, Arc<Told>>::new(), HashMap::<u64, u64>::new());
        for _ in 0..5_000 {
            let key = rng.u64(0..2 * max as u64 + 2);
            match rng.u8(0..10) {
                0..=4 => match keyed.get(&key) {
                    Ok(policy) => {
                        if let Some(serial) = troubled.get(&key) {
                            assert_eq!(policy.serial, *serial, "a troubled policy was forgotten");
                        }
                        if let Some(known) = held.get(&key) {
                            assert!(Arc::ptr_eq(known, &policy), "a held policy was forgotten");
                        }
                        match rng.u8(0..4) {
                            0 => drop(held.insert(key, policy)),
                            1 => {
                                policy.troubled.store(true, Ordering::Relaxed);
                                troubled.insert(key, policy.serial);
                            }
                            _ => {}
                        }
                    }
                    Err(error) => {
                        assert!(matches!(error, KeyedError::Full { .. }));
                        assert_eq!(keyed.snapshot().keys, max, "refused with room to spare");
                        assert!(!held.contains_key(&key) && !troubled.contains_key(&key));
                        // Small tables are looked at whole, so a refusal means that every key must stay.
                        let mut kept: Vec<_> = held.keys().chain(troubled.keys()).collect();
                        kept.sort();
                        kept.dedup();
                        assert!(max > 32 || kept.len() == max, "refused though a key could go");
                    }
                },
                5..=6 => drop(held.remove(&key)),
                7..=8 => {
                    if troubled.remove(&key).is_some() {
                        keyed.get(&key).unwrap().troubled.store(false, Ordering::Relaxed);
                    }
                }
                _ => drop(keyed.forget_idle()),
            }
            assert!(keyed.snapshot().keys <= max);
        }
        assert_eq!(keyed.entries().len(), keyed.snapshot().keys);
    }
}

#[test]
fn threads_that_race_agree_on_one_policy_a_key() {
    let keyed = Keyed::new("k", KeyedConfig::default().max_keys(64), |_: &u64| {
        Timeout::new("t", Duration::from_secs(1))
    })
    .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let keyed = &keyed;
            scope.spawn(move || {
                for n in 0..5_000_u64 {
                    let key = (n * 7 + thread) % 200;
                    if let Ok(first) = keyed.get(&key) {
                        assert!(Arc::ptr_eq(&first, &keyed.get(&key).unwrap()), "forgotten while held");
                    }
                    assert!(keyed.snapshot().keys <= 64);
                }
            });
        }
    });
    assert_eq!(keyed.entries().len(), keyed.snapshot().keys);
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_and_unknown_fields_are_refused() {
    let config: KeyedConfig = serde_json::from_str(r#"{"max_keys": 7}"#).unwrap();
    assert_eq!(config, KeyedConfig::default().max_keys(7));
    assert!(serde_json::from_str::<KeyedConfig>(r#"{"max_key": 7}"#).is_err());
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
