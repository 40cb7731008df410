use super::*;

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
