//! Seeded random histories against reference models, on the paused clock.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::stand_in::{Store, node};
use crate::{Cache, MemoryConfig, MemoryKind, Region, RegionOptions};

const KEYS: u64 = 12;
/// Time moves by whole seconds here, so no deadline is ever met to the millisecond, which is how exact shared layers are.
const TTL: Duration = Duration::from_millis(100_500);

fn region(cache: &Cache) -> Region<u64, u64> {
    cache.region("k", RegionOptions::default().ttl(TTL)).unwrap()
}

fn tag_of(key: u64) -> String {
    format!("mod{}", key % 3)
}

/// One node, one thing at a time: the cache must answer exactly as a map with deadlines does.
#[tokio::test(start_paused = true)]
async fn a_sequential_history_equals_a_map_with_deadlines() {
    for seed in 0..60 {
        println!("seed {seed}");
        let mut rng = Rng::with_seed(seed);
        let kind = if rng.bool() { MemoryKind::QuickCache } else { MemoryKind::Moka };
        let (l2, l3) = (Store::new(), Store::new());
        let cache = node(
            (seed % 2 == 0).then_some(&l2),
            (seed % 3 == 0).then_some(&l3),
            &MemoryConfig::default().kind(kind).capacity(if seed % 6 == 0 { 4 } else { 1_000 }).stamps(8),
        );
        // With shared layers below it, a small memory forgets nothing; alone it would.
        let values = region(&cache);
        let mut model: BTreeMap<u64, (u64, Instant, bool)> = BTreeMap::new();
        for step in 0..300_u64 {
            let key = rng.u64(..KEYS);
            model.retain(|_, (_, deadline, _)| *deadline > Instant::now());
            match rng.u8(..20) {
                0..=7 => {
                    let expected = model.entry(key).or_insert((step, Instant::now() + TTL, true)).0;
                    let loaded = values.get_or_load(&key, move |cx| async move {
                        cx.tag(tag_of(key));
                        Ok::<_, Infallible>(step)
                    });
                    assert_eq!(*loaded.await.unwrap(), expected, "seed {seed} step {step} key {key}");
                }
                8..=11 => {
                    let expected = model.get(&key).map(|(value, ..)| *value);
                    assert_eq!(
                        values.get(&key).await.as_deref().copied(),
                        expected,
                        "seed {seed} step {step}"
                    );
                }
                12 | 13 => {
                    let _ = values.set(&key, step).await.unwrap();
                    model.insert(key, (step, Instant::now() + TTL, false));
                }
                14 => {
                    let _ = values.invalidate(&key).await;
                    model.remove(&key);
                }
                15 => {
                    let _ = cache.invalidate_tag(&tag_of(key)).await;
                    model.retain(|own, (_, _, tagged)| !(*tagged && own % 3 == key % 3));
                }
                16 => {
                    let _ = cache.invalidate_pattern(&format!("k:{key}*")).await;
                    model.retain(|own, _| !own.to_string().starts_with(&key.to_string()));
                }
                17 if rng.u8(..8) == 0 => {
                    let _ = cache.clear().await;
                    model.clear();
                }
                _ => tokio::time::advance(Duration::from_secs(rng.u64(..40))).await,
            }
            cache.flush().await;
        }
        assert!(cache.stats().loads > 10, "seed {seed}: the history tried something");
    }
}

/// Two nodes, loads that overlap everything, layers that come and go. Sources only grow, so a value is its own version:
/// once a node's invalidation returned, no read it begins yields an older one; and at rest L2 holds nothing that is older
/// than the last acknowledged invalidation of its key.
#[tokio::test(start_paused = true)]
async fn no_history_serves_an_older_value_after_an_invalidation() {
    for seed in 0..150 {
        println!("seed {seed}");
        let mut rng = Rng::with_seed(seed);
        let (l2, l3) = (Store::new(), Store::new());
        let l3 = (seed % 2 == 0).then_some(&l3);
        let nodes = [(); 2].map(|()| node(Some(&l2), l3, &MemoryConfig::default().stamps(8)));
        let source: Arc<Mutex<HashMap<u64, u64>>> = Arc::default();
        // What node n may no longer serve less than, by key; and what nobody may find in L2.
        let mut least: [HashMap<u64, u64>; 2] = Default::default();
        let mut pending: Vec<oneshot::Sender<()>> = Vec::new();
        let mut reads: JoinSet<()> = JoinSet::new();
        for step in 0..250_u64 {
            let (at, key) = (rng.usize(..2), rng.u64(..4));
            let (cache, values) = (&nodes[at], region(&nodes[at]));
            match rng.u8(..20) {
                0..=4 => {
                    let floor = least[at].get(&key).copied().unwrap_or(0);
                    let (source, (go, told)) = (source.clone(), oneshot::channel::<()>());
                    let slow = rng.bool();
                    if slow {
                        pending.push(go);
                    }
                    reads.spawn(async move {
                        let load = values.get_or_load(&key, move |cx| async move {
                            cx.tag(tag_of(key));
                            let read = source.lock().get(&key).copied().unwrap_or(0);
                            if slow {
                                let _ = told.await;
                            }
                            Ok::<_, Infallible>(read)
                        });
                        let value = *load.await.unwrap();
                        assert!(
                            value >= floor,
                            "seed {seed} step {step}: key {key} gave {value}, floor {floor}"
                        );
                    });
                }
                5..=7 => {
                    let floor = least[at].get(&key).copied().unwrap_or(0);
                    if let Some(value) = values.get(&key).await {
                        assert!(
                            *value >= floor,
                            "seed {seed} step {step}: key {key} gave {value}, floor {floor}"
                        );
                    }
                }
                8..=12 => {
                    source.lock().insert(key, step);
                    let matching: Vec<u64> = match rng.u8(..4) {
                        0 | 1 => {
                            let _ = values.invalidate(&key).await;
                            vec![key]
                        }
                        2 => {
                            let _ = cache.invalidate_tag(&tag_of(key)).await;
                            (0..4).filter(|own| own % 3 == key % 3).collect()
                        }
                        _ => {
                            let _ = cache.invalidate_pattern("k:*").await;
                            (0..4).collect()
                        }
                    };
                    for own in matching {
                        let now = source.lock().get(&own).copied().unwrap_or(0);
                        least[at].insert(own, now);
                    }
                }
                13..=16 if !pending.is_empty() => {
                    let _ = pending.swap_remove(rng.usize(..pending.len())).send(());
                }
                // Without the clock's keeper two nodes compare in a shared L3 by clocks of their own, which is not promised
                // to hold; so the faults go with the histories that have no L3.
                17 if l3.is_none() && rng.u8(..4) == 0 => l2.set_down(rng.bool()),
                18 if l3.is_none() && rng.u8(..8) == 0 => l2.lose_everything(),
                _ => {}
            }
            for _ in 0..rng.u8(..6) {
                tokio::task::yield_now().await;
            }
            while let Some(done) = reads.try_join_next() {
                done.unwrap();
            }
        }
        for go in pending {
            let _ = go.send(());
        }
        l2.set_down(false);
        while let Some(done) = reads.join_next().await {
            done.unwrap();
        }
        // At rest: both nodes are connected again, everything owed is told, then a fresh node reads the shared layers.
        tokio::time::sleep(Duration::from_secs(3)).await;
        for cache in &nodes {
            let _ = region(cache).get(&99).await;
            cache.flush().await;
        }
        let fresh = node(Some(&l2), l3, &MemoryConfig::default());
        for cache in &nodes {
            assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0, "seed {seed}");
        }
        for key in 0..4 {
            let floor = least.iter().filter_map(|own| own.get(&key)).max().copied().unwrap_or(0);
            if let Some(value) = region(&fresh).get(&key).await {
                assert!(*value >= floor, "seed {seed}: at rest key {key} is {value}, floor {floor}");
            }
        }
    }
}
