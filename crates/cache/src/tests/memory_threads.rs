//! What users of other in-process caches reported of keys that are written, read, voided and evicted at once.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::stand_in::node;
use super::world::{pass, seconds};
use crate::{Cache, MemoryConfig, MemoryKind, Region, RegionOptions};

const KINDS: [MemoryKind; 2] = [MemoryKind::QuickCache, MemoryKind::Moka];

fn memory(config: MemoryConfig, options: RegionOptions) -> (Cache, Region<u64, u64>) {
    let cache = node(None, None, &config);
    let values = cache.region("k", options).unwrap();
    (cache, values)
}

/// moka-rs/moka#155: what was inserted in the instant of an `invalidate_all` was not invalidated, and by its later remedy
/// what came in that instant after it was.
#[tokio::test(start_paused = true)]
async fn clearing_parts_what_came_before_from_what_came_after_within_one_instant() {
    for kind in KINDS {
        let (cache, values) = memory(MemoryConfig::default().kind(kind), RegionOptions::default());
        for how in ["clear", "region", "map"] {
            for key in 0..100 {
                values.set(&key, 1).await.unwrap();
            }
            match how {
                "clear" => drop(cache.clear().await),
                "region" => drop(values.clear().await),
                _ => cache.inner.l1.clear(),
            }
            assert!((0..100).all(|key| values.get_cached(&key).is_none()), "{kind:?}, {how}");
            for key in 0..100 {
                let load = values.get_or_load(&key, |_| async { Ok::<_, Infallible>(2) });
                assert_eq!(*load.await.unwrap(), 2, "{kind:?}, {how}");
            }
            assert!((0..100).all(|key| values.get_cached(&key).is_some()), "{kind:?}, {how}");
        }
    }
}

/// moka-rs/moka#574 and #593, MystenLabs/sui#20236: of writers that compare before they write one was lost, or was told that it
/// had come first. Versions are compared under the lock that loads and plain writes take too.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_comes_last_the_newest_version_stays() {
    for kind in KINDS {
        let (_cache, values) = memory(MemoryConfig::default().kind(kind), RegionOptions::default());
        let mut kept = 0;
        for key in 0..200_u64 {
            let mut tasks = JoinSet::new();
            for task in 0..6 {
                let values = values.clone();
                tasks.spawn(async move {
                    for version in (1..20_u64).filter(|version| version % 6 == task) {
                        if version % 2 == 0 {
                            let load = values.get_or_load(&key, move |cx| async move {
                                cx.version(version);
                                tokio::task::yield_now().await;
                                Ok::<_, Infallible>(version)
                            });
                            load.await.unwrap();
                        } else {
                            // An older one is refused.
                            let _ = values.set_versioned(&key, version, version).await;
                        }
                        tokio::task::yield_now().await;
                    }
                });
            }
            tasks.join_all().await;
            // Where two met, memory may be left empty.
            let held = values.get_cached(&key);
            assert!(held.is_none() || held.as_deref() == Some(&19), "{kind:?}, key {key}: {held:?}");
            kept += u32::from(held.is_some());
        }
        assert!(kept > 50, "{kind:?}: {kept}");
    }
}

/// spiceai/spiceai#12838: a hit took the entry out and admitted it again, so a write that came between was lost, and the old
/// value had a new life. A value that slides is noted at every hit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hits_undo_no_write() {
    for kind in KINDS {
        for sliding in [false, true] {
            let options = if sliding {
                RegionOptions::default().sliding(seconds(100))
            } else {
                RegionOptions::default()
            };
            let (_cache, values) = memory(MemoryConfig::default().kind(kind), options);
            let (written, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
            let mut readers = JoinSet::new();
            for reader in 0..3 {
                let (values, written, over) = (values.clone(), written.clone(), over.clone());
                readers.spawn(async move {
                    let mut hits = 0_u64;
                    while !over.load(Ordering::SeqCst) {
                        let floor = written.load(Ordering::SeqCst);
                        let value = match reader {
                            0 => values.get_cached(&1),
                            1 => values.get(&1).await,
                            _ => values.peek(&1).filter(|_| values.touch(&1)).map(|hit| hit.value),
                        };
                        if let Some(value) = value {
                            assert!(*value >= floor, "{kind:?}: {value} was read after {floor} was written");
                            hits += 1;
                        }
                        tokio::task::yield_now().await;
                    }
                    hits
                });
            }
            for value in 1..=3_000 {
                values.set(&1, value).await.unwrap();
                written.store(value, Ordering::SeqCst);
                tokio::task::yield_now().await;
                assert_eq!(values.get_cached(&1).as_deref(), Some(&value), "{kind:?}, sliding {sliding}");
            }
            over.store(true, Ordering::SeqCst);
            assert!(readers.join_all().await.iter().all(|hits| *hits > 100), "{kind:?}: they did hit");
        }
    }
}

/// moka-rs/moka#548, #565 and #570: an entry whose next value had no end, or another, left its place in the timer wheel, and
/// what lay there was freed twice. Here every write may bring another end, sooner or later, or none worth keeping.
#[tokio::test(start_paused = true)]
async fn each_write_brings_its_own_end() {
    for kind in KINDS {
        let config = MemoryConfig::default().kind(kind);
        let (_cache, values) = memory(config, RegionOptions::default().ttl(seconds(10)));
        let lives = [seconds(1), seconds(10), seconds(86_400 * 300)];
        let views = lives.map(|ttl| values.with(|options| options.ttl(ttl)).unwrap());
        let mut rng = Rng::with_seed(5);
        let mut model: HashMap<u64, (u64, Instant)> = HashMap::new();
        for step in 0..20_000 {
            let (key, life) = (rng.u64(..16), rng.usize(..4));
            match rng.u8(..10) {
                0..=3 if life < 3 => {
                    views[life].set(&key, step).await.unwrap();
                    model.insert(key, (step, Instant::now() + lives[life]));
                }
                0..=3 => {
                    let _ = values.invalidate(&key).await;
                    let load = values.get_or_load(&key, move |cx| async move {
                        cx.ttl(Duration::ZERO);
                        Ok::<_, Infallible>(step)
                    });
                    assert_eq!(*load.await.unwrap(), step);
                    model.remove(&key);
                }
                4 => {
                    let _ = values.invalidate(&key).await;
                    model.remove(&key);
                }
                5 => pass(Duration::from_millis(rng.u64(1..3) * 750 + 1)).await,
                _ => {
                    let alive =
                        model.get(&key).filter(|(_, end)| *end > Instant::now()).map(|(value, _)| *value);
                    let held = values.get_cached(&key);
                    assert_eq!(held.as_deref().copied(), alive, "{kind:?}, step {step}");
                }
            }
        }
    }
}

/// moka-rs/moka#590: keys rewritten while they were evicted left nodes behind that stopped all eviction, and the map grew for
/// ever; foyer-rs/foyer#1305 and #1315: `clear` and `remove` beside `insert` tore the list.
#[test]
fn a_map_that_was_torn_at_from_all_sides_keeps_its_bound() {
    for kind in KINDS {
        let bound = 500;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
        runtime.block_on(async {
            let config = MemoryConfig::default().kind(kind).capacity(bound);
            let (cache, values) = memory(config, RegionOptions::default());
            let mut tasks = JoinSet::new();
            for seed in 0..4 {
                let (cache, values) = (cache.clone(), values.clone());
                tasks.spawn(async move {
                    let mut rng = Rng::with_seed(seed);
                    for _ in 0..20_000 {
                        // Few keys, so that the same are rewritten while they are evicted.
                        let key = rng.u64(..800);
                        match rng.u16(..1_000) {
                            0 => drop(cache.clear().await),
                            1 => cache.inner.l1.clear(),
                            2..=99 => drop(values.invalidate(&key).await),
                            100..=299 => drop(values.get_cached(&key)),
                            _ => drop(values.set(&key, key).await.unwrap()),
                        }
                    }
                });
            }
            tasks.join_all().await;
            let before = cache.stats().l1.evictions;
            for key in 10_000..20_000 {
                values.set(&key, key).await.unwrap();
            }
            let (held, evicted) = (cache.stats().l1_entries, cache.stats().l1.evictions - before);
            let bound = bound as u64;
            assert!(held <= bound + bound / 20 && held >= bound / 2, "{kind:?}: {held} of {bound}");
            assert!(evicted >= 9_000, "{kind:?}: {evicted} gave way");
            for key in 0..20_000 {
                assert!(values.get_cached(&key).is_none_or(|value| *value == key), "{kind:?}: {key}");
            }
        });
    }
}
