//! The memory layer by itself, over both stores.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;

use crate::entry::Entry;
use crate::key::{CacheKey, with_rendered};
use crate::layers::memory::{L1, Lookup};
use crate::{Cache, CacheKeyBuilder, GhostEstimate, Key, MemoryConfig, MemoryKind, RegionOptions};

const KINDS: [MemoryKind; 2] = [MemoryKind::QuickCache, MemoryKind::Moka];

async fn cache(config: MemoryConfig) -> Cache {
    Cache::builder("memory").memory(config).build().await.unwrap()
}

/// The one whose parts the tests of this crate may touch.
fn inner(config: &MemoryConfig) -> Arc<crate::inner::Inner> {
    super::stand_in::node(None, None, config).inner
}

fn entry(region: u32, weight: u32) -> Arc<Entry> {
    Entry::lasting(region, weight)
}

#[tokio::test]
async fn keys_that_render_alike_are_one_entry_whatever_their_types() {
    for kind in KINDS {
        let cache = cache(MemoryConfig::default().kind(kind)).await;
        let texts = cache.region::<str, u32>("a", RegionOptions::default()).unwrap();
        let numbers = cache.region::<u64, u32>("a", RegionOptions::default()).unwrap();
        let signed = cache.region::<i128, u32>("a", RegionOptions::default()).unwrap();
        let built = cache.region::<Key, u32>("a", RegionOptions::default()).unwrap();
        let twelve = CacheKeyBuilder::new("a").component(12).build();

        texts.set("12", 1).await.unwrap();
        assert_eq!(numbers.get_cached(&12).as_deref(), Some(&1));
        assert_eq!(signed.get_cached(&12).as_deref(), Some(&1));
        assert_eq!(built.get_cached(&twelve).as_deref(), Some(&1));
        assert_eq!(texts.get_cached("012"), None, "another text");
        built.set(&twelve, 2).await.unwrap();
        assert_eq!(texts.get_cached("12").as_deref(), Some(&2));
        let _ = signed.invalidate(&12).await;
        assert_eq!(numbers.get_cached(&12), None, "{kind:?}");

        signed.set(&-12, 3).await.unwrap();
        assert_eq!(texts.get_cached("-12").as_deref(), Some(&3));
        let big = u128::from(u64::MAX) + 1;
        let wide = cache.region::<u128, u32>("a", RegionOptions::default()).unwrap();
        wide.set(&big, 4).await.unwrap();
        assert_eq!(texts.get_cached(&big.to_string()).as_deref(), Some(&4));
    }
}

#[tokio::test]
async fn a_text_is_voided_in_every_region_that_it_may_belong_to() {
    for kind in KINDS {
        let cache = cache(MemoryConfig::default().kind(kind)).await;
        let outer = cache.region::<(&str, u32), u32>("a", RegionOptions::default()).unwrap();
        let nested = cache.region::<u32, u32>("a:b", RegionOptions::default()).unwrap();
        let elsewhere = cache.region::<Key, u32>("z", RegionOptions::default()).unwrap();
        let whole = CacheKeyBuilder::new("a").component("b").component(12).build();
        let fill = async || {
            let load = |value| move |_| async move { Ok::<_, std::convert::Infallible>(value) };
            outer.get_or_load(&("b", 12), load(1)).await.unwrap();
            nested.get_or_load(&12, load(2)).await.unwrap();
            elsewhere.get_or_load(&whole, load(3)).await.unwrap();
        };
        for voider in 0..3 {
            fill().await;
            assert_eq!(nested.get_cached(&12).as_deref(), Some(&2), "{kind:?}: each has its own");
            assert_eq!(outer.get_cached(&("b", 12)).as_deref(), Some(&1));
            assert_eq!(elsewhere.get_cached(&whole).as_deref(), Some(&3));
            let _ = match voider {
                0 => outer.invalidate(&("b", 12)).await,
                1 => nested.invalidate(&12).await,
                _ => elsewhere.invalidate(&whole).await,
            };
            assert_eq!(outer.get_cached(&("b", 12)), None, "{kind:?}, voided by {voider}");
            assert_eq!(nested.get_cached(&12), None);
            assert_eq!(elsewhere.get_cached(&whole), None);
        }
    }
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9]{1,3}", "(0|-|)[0-9]{1,21}", "[a-b~%: é*]{0,3}", "[a-zA-Z0-9._~-]{1,5}", "e\u{301}?"]
}

proptest! {
    /// The reference is a map by rendered text, which is what shared layers and other nodes go by.
    #[test]
    fn a_store_by_probes_is_a_map_by_rendered_text(
        moka: bool,
        steps in prop::collection::vec((any_key(), 0..2_usize, 0..4_u8), 1..40),
    ) {
        let l1 = L1::new(&MemoryConfig::default().kind(if moka { MemoryKind::Moka } else { MemoryKind::QuickCache }));
        let prefixes = ["r:", "r:b:"];
        let regions = prefixes.map(|prefix| l1.region(prefix));
        let mut model: HashMap<(usize, String), u32> = HashMap::new();
        for (n, (key, which, what)) in (1_u32..).zip(steps) {
            let (region, prefix) = (regions[which], prefixes[which]);
            let text: Arc<str> = with_rendered(prefix, key.as_str(), |text| text.into());
            match what {
                0 | 1 => {
                    l1.insert(text.clone(), entry(region, n));
                    model.insert((which, text.to_string()), n);
                }
                2 => {
                    l1.remove(&text).for_each(drop);
                    model.retain(|(_, own), _| **own != *text);
                }
                _ => {}
            }
            let by_text = Lookup::rendered(region, prefix, &text);
            let expected = model.get(&(which, text.to_string())).copied();
            prop_assert_eq!(l1.entry(&by_text).map(|entry| entry.weight), expected);
            let by_probe = match key.as_str().probe() {
                crate::Probe::Text(plain) => Lookup::text(region, plain),
                crate::Probe::Number(number) => Lookup::number(region, number),
                crate::Probe::Rendered => by_text,
            };
            prop_assert_eq!(by_probe, by_text);
            prop_assert_eq!(l1.glance(&by_probe, |_| ()).is_some(), expected.is_some());
            if let Ok(number) = key.parse::<u64>() && number.to_string() == key {
                prop_assert_eq!(Lookup::number(region, number), by_text);
            }
        }
        for ((which, text), value) in model {
            let at = Lookup::rendered(regions[which], prefixes[which], &text);
            prop_assert_eq!(l1.entry(&at).map(|entry| entry.weight), Some(value));
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_paused_after_the_cache_was_built_is_followed() {
    let cache = cache(MemoryConfig::default()).await;
    let values =
        cache.region::<u64, u32>("k", RegionOptions::default().ttl(Duration::from_secs(10))).unwrap();
    values.set(&1, 1).await.unwrap();
    tokio::time::pause();
    assert!(values.get_cached(&1).is_some());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(values.get_cached(&1).is_none());
}

#[tokio::test]
async fn a_stamp_is_checked_once_an_entry_and_then_remembered() {
    for kind in KINDS {
        let inner = inner(&MemoryConfig::default().kind(kind));
        let cache = Cache::from(inner.clone());
        let values = cache.region::<u64, u32>("k", RegionOptions::default()).unwrap();
        let load = async |key: u64, tag: &'static str| {
            let load = values.get_or_load(&key, move |cx| async move {
                cx.tag(tag);
                Ok::<_, std::convert::Infallible>(1)
            });
            load.await.unwrap();
        };
        load(1, "one").await;
        load(2, "two").await;
        let _ = cache.invalidate_tag("one").await;
        assert_eq!(values.get_cached(&1), None, "{kind:?}");
        assert!(values.get_cached(&2).is_some());
        let noted = inner.l1.glance(&Lookup::number(0, 2), |found| found.checked.load(Ordering::Relaxed));
        assert_eq!(noted.unwrap().0, inner.stamps.epoch(), "{kind:?}");
        assert!(values.get_cached(&2).is_some());
    }
}

/// Eight threads fill and void at once, with values up to a hundred times as heavy as others, while one looks on. What Moka
/// lets wait for its maintenance is reserved before it is put in.
#[test]
fn the_bound_holds_at_every_moment_under_churn() {
    for kind in KINDS {
        for by_weight in [true, false] {
            let (bound, heaviest) = if by_weight { (1_000_000, 2_000) } else { (1_000, 1) };
            let over_at_most = if kind == MemoryKind::Moka { heaviest.max(bound / 64) } else { 0 };
            let config = MemoryConfig::default().kind(kind);
            let l1 = L1::new(&if by_weight { config.max_weight(bound) } else { config });
            let region = l1.region("k:");
            let over = AtomicBool::new(false);
            let stripes: Vec<_> = (0..256).map(|_| Mutex::new(())).collect();
            let most = std::thread::scope(|scope| {
                let writers: Vec<_> = (0..8)
                    .map(|seed| {
                        let (l1, stripes) = (&l1, &stripes);
                        scope.spawn(move || {
                            let mut rng = fastrand::Rng::with_seed(seed);
                            for _ in 0..15_000 {
                                let id = rng.u32(..20_000);
                                let text = format!("k:{id}");
                                // As callers do it: what happens to a key happens in an order.
                                let _stripe = stripes[id as usize % 256].lock();
                                if rng.u8(..10) == 0 {
                                    l1.remove(&text).for_each(drop);
                                } else {
                                    let weight = if rng.bool() { 20 } else { rng.u32(1..2_000) };
                                    drop(l1.insert(text.into(), entry(region, weight)));
                                }
                            }
                        })
                    })
                    .collect();
                let (watched, over) = (&l1, &over);
                let watcher = scope.spawn(move || {
                    let mut most = 0;
                    while !over.load(Ordering::Relaxed) {
                        most = most.max(watched.held());
                        std::thread::yield_now();
                    }
                    most
                });
                for writer in writers {
                    writer.join().unwrap();
                }
                over.store(true, Ordering::Relaxed);
                watcher.join().unwrap()
            });
            println!("{kind:?}, by weight {by_weight}: at most {most} of {bound}");
            assert!(most <= bound + over_at_most, "{kind:?}: {most} of {bound}");
            assert!(most >= bound * 8 / 10, "{kind:?}: the bound was reached: {most} of {bound}");
            assert!(l1.weight() <= bound);
            assert_eq!(
                (l1.counted(), l1.share(region).unwrap().weight()),
                (l1.weight(), l1.weight()),
                "{kind:?}"
            );
        }
    }
}

/// Moka's sum of weights goes wrong where an entry's weight is changed and the entry taken out before its maintenance.
#[test]
fn weights_that_change_do_not_wear_the_bound_out() {
    let l1 = L1::new(&MemoryConfig::default().kind(MemoryKind::Moka).max_weight(10_000));
    let region = l1.region("k:");
    let insert = |key: &str, weight| drop(l1.insert(format!("k:{key}").into(), entry(region, weight)));
    for n in 0..100 {
        insert(&n.to_string(), 50);
    }
    for _ in 0..4 {
        insert("changed", 10);
        assert_eq!(l1.weight(), 5_010);
        insert("changed", 1_000);
        l1.remove("k:changed").for_each(drop);
        assert_eq!(l1.weight(), 5_000);
    }
    for n in 0..1_000 {
        insert(&n.to_string(), 50);
    }
    let weight = l1.weight();
    assert!((9_000..=10_000).contains(&weight), "{weight} of 10,000");
}

/// Whatever fits at all is let in, and what does not leaves nothing of its key behind.
#[test]
fn an_entry_may_be_as_heavy_as_memory_and_no_heavier() {
    let l1 = L1::new(&MemoryConfig::default().kind(MemoryKind::Moka).max_weight(1_000));
    let region = l1.region("k:");
    let insert = |key: &str, weight| drop(l1.insert(format!("k:{key}").into(), entry(region, weight)));
    let has = |key: &str| l1.has(&Lookup::rendered(region, "k:", &format!("k:{key}")));
    insert("a", 1_000);
    assert_eq!((has("a"), l1.weight()), (true, 1_000));
    insert("a", 1_001);
    assert_eq!((has("a"), l1.weight(), l1.evictions()), (false, 0, 0));
    for n in 0..50 {
        insert(&n.to_string(), 20);
    }
    assert_eq!((l1.weight(), l1.evictions()), (1_000, 0));
    insert("heavy", 900);
    assert!(l1.weight() <= 1_000 && l1.evictions() >= 1, "one or the other gave way");
}

#[tokio::test]
async fn a_regions_weigher_is_asked_once_a_value_and_a_region_without_one_weighs_its_size() {
    for kind in KINDS {
        let memory = MemoryConfig::default().kind(kind).max_weight(1 << 20);
        let cache = cache(memory).await;
        let asked = Arc::new(AtomicU64::new(0));
        let texts = cache
            .region_with_weigher::<u64, String>("text", RegionOptions::default(), {
                let asked = asked.clone();
                move |text| {
                    asked.fetch_add(1, Ordering::Relaxed);
                    u32::try_from(text.len()).unwrap()
                }
            })
            .unwrap();
        texts.set(&1, "x".repeat(5_000)).await.unwrap();
        assert!(texts.get_cached(&1).is_some());
        assert_eq!((asked.load(Ordering::Relaxed), cache.stats().l1_weight), (1, 5_000), "{kind:?}");
        texts.set(&1, "x".repeat(3_000)).await.unwrap();
        assert_eq!(cache.stats().l1_weight, 3_000, "{kind:?}: a replaced value weighs nothing");
        texts.set(&1, String::new()).await.unwrap();
        assert_eq!(cache.stats().l1_weight, 1, "{kind:?}: nothing weighs nothing");
        let _ = texts.invalidate(&1).await;
        let plain = cache.region::<u64, [u64; 32]>("plain", RegionOptions::default()).unwrap();
        plain.set(&1, [7; 32]).await.unwrap();
        assert_eq!(cache.stats().l1_weight, 256 + 376, "{kind:?}: its size, and the entry's");
    }
}

#[test]
fn a_bound_by_weight_has_a_range() {
    assert!(MemoryConfig::default().max_weight(64).validate().is_ok());
    let error = MemoryConfig::default().max_weight(63).validate().unwrap_err().to_string();
    assert!(error.contains("max_weight") && error.contains("63"), "{error}");
}

#[tokio::test]
async fn hits_of_many_threads_are_all_counted() {
    let cache = cache(MemoryConfig::default()).await;
    let values = cache.region::<u64, u32>("k", RegionOptions::default()).unwrap();
    values.set(&1, 1).await.unwrap();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..1_000).for_each(|_| assert!(values.get_cached(&1).is_some())));
        }
    });
    assert_eq!(cache.stats().regions["k"].hits, 20_000);
}

/// Against real runs of the same stream at half, the same and twice the capacity.
#[tokio::test]
async fn the_ghost_tells_what_half_and_twice_the_memory_would_give() {
    let real = async |kind, capacity, weighed: bool, ghost: bool, stream: &[u64]| {
        let memory = MemoryConfig::default().kind(kind).capacity(capacity).ghost(ghost);
        let cache = cache(if weighed { memory.max_weight(10 * capacity as u64) } else { memory }).await;
        let values = cache.region_with_weigher::<u64, ()>("k", RegionOptions::default(), |()| 10).unwrap();
        for key in stream {
            values.get_or_load(key, |_| async { Ok::<_, std::convert::Infallible>(()) }).await.unwrap();
        }
        let rate = 1.0 - cache.stats().loads as f64 / stream.len() as f64;
        (rate, cache.ghost())
    };
    for (kind, weighed) in [(KINDS[0], false), (KINDS[0], true), (KINDS[1], false)] {
        // moka's admission decides worse the smaller it is, so its miniatures are pessimists.
        let within = if kind == MemoryKind::Moka { 0.06 } else { 0.03 };
        for skew in [0.8, 1.0] {
            let mut rng = fastrand::Rng::with_seed(7);
            let mut sum = 0.0;
            let up_to: Vec<f64> = (1..=20_000_u32)
                .map(|rank| {
                    sum += f64::from(rank).powf(-skew);
                    sum
                })
                .collect();
            let stream: Vec<u64> = (0..60_000)
                .map(|_| rng.f64() * sum)
                .map(|at| up_to.partition_point(|share| *share <= at) as u64)
                .collect();
            let (rate, estimate) = real(kind, 1_000, weighed, true, &stream).await;
            let mut estimates = vec![estimate.unwrap()];
            // What a miniature of moka keeps depends on how it hashes, which is random: the mean of three is what it tends to.
            while kind == MemoryKind::Moka && estimates.len() < 3 {
                estimates.push(real(kind, 1_000, weighed, true, &stream).await.1.unwrap());
            }
            let mean = |of: fn(&GhostEstimate) -> f64| {
                estimates.iter().map(of).sum::<f64>() / estimates.len() as f64
            };
            let (half, none) = real(kind, 500, weighed, false, &stream).await;
            let (twice, _) = real(kind, 2_000, weighed, false, &stream).await;
            println!("{kind:?} {weighed} {skew}: {half:.3} {rate:.3} {twice:.3} against {estimates:?}");
            assert_eq!((estimates[0].requests, none), (60_000, None));
            let estimated = [mean(|own| own.half), mean(|own| own.same), mean(|own| own.twice)];
            for (real, estimated) in [half, rate, twice].into_iter().zip(estimated) {
                assert!(
                    (real - estimated).abs() < within,
                    "{kind:?}, Zipf {skew}: {real} against {estimated}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_ghost_knows_deadlines_and_invalidations() {
    let cache = cache(MemoryConfig::default().capacity(100).ghost(true)).await;
    let options = RegionOptions::default().ttl(Duration::from_secs(10));
    let values = cache.region::<u64, ()>("k", options).unwrap();
    let read = async || {
        values.get_or_load(&1, |_| async { Ok::<_, std::convert::Infallible>(()) }).await.unwrap();
    };
    read().await;
    read().await;
    assert_eq!(cache.ghost().unwrap().twice, 0.5);
    tokio::time::advance(Duration::from_secs(11)).await;
    read().await;
    let _ = values.invalidate(&1).await;
    read().await;
    let estimate = cache.ghost().unwrap();
    assert_eq!((estimate.half, estimate.same, estimate.twice, estimate.requests), (0.25, 0.25, 0.25, 4));
}

/// What gives way is counted; what is replaced, taken out or cleared is not.
#[test]
fn evictions_are_what_gave_way_to_others() {
    for kind in KINDS {
        let l1 = L1::new(&MemoryConfig::default().kind(kind).capacity(100));
        let region = l1.region("k:");
        for id in 0..50 {
            drop(l1.insert(format!("k:{id}").into(), entry(region, 1)));
            drop(l1.insert(format!("k:{id}").into(), entry(region, 1)));
        }
        l1.remove("k:7").for_each(drop);
        assert_eq!(l1.evictions(), 0, "{kind:?}");
        for id in 1_000..1_500 {
            drop(l1.insert(format!("k:{id}").into(), entry(region, 1)));
        }
        assert_eq!(l1.evictions(), 549 - l1.len(), "{kind:?}");
        let before = l1.evictions();
        assert!(before >= 449, "{kind:?}: {before}");
        l1.clear();
        assert_eq!((l1.len(), l1.evictions()), (0, before), "{kind:?}");
    }
}

/// Each value came once: it is there, or it was evicted.
#[tokio::test]
async fn evictions_and_weight_are_told_by_region_and_add_up() {
    for kind in KINDS {
        for memory in [MemoryConfig::default().capacity(100), MemoryConfig::default().max_weight(1_500)] {
            let weights = if memory.max_weight.is_some() { [10, 20] } else { [1, 1] };
            let cache = cache(memory.kind(kind)).await;
            let open = |name: &str, weight: u32| {
                cache
                    .region_with_weigher::<u64, u64>(name, RegionOptions::default(), move |_| weight)
                    .unwrap()
            };
            let (one, other) = (open("one", 10), open("other", 20));
            for id in 0..300 {
                one.set(&id, id).await.unwrap();
                if id % 3 == 0 {
                    other.set(&id, id).await.unwrap();
                }
            }
            let stats = cache.stats();
            let (ones, others) = (&stats.regions["one"], &stats.regions["other"]);
            for (region, stats, came, weight) in
                [(&one, ones, 300, weights[0]), (&other, others, 100, weights[1])]
            {
                let here = (0..300).filter(|id| region.peek(id).is_some()).count() as u64;
                assert_eq!((stats.weight, stats.evictions), (here * weight, came - here), "{kind:?}");
                assert_eq!(region.stats(), *stats);
            }
            assert_eq!(ones.evictions + others.evictions, stats.l1.evictions, "{kind:?}");
            assert_eq!(ones.weight + others.weight, stats.l1_weight, "{kind:?}");
            assert!(ones.evictions > 150 && others.evictions > 30, "{kind:?}: {stats:?}");

            for id in 0..300 {
                let _ = one.invalidate(&id).await;
            }
            let after = one.stats();
            assert_eq!(
                (after.weight, after.evictions),
                (0, ones.evictions),
                "{kind:?}: taken out, not evicted"
            );
            let _ = cache.clear().await;
            let after = other.stats();
            assert_eq!((after.weight, after.evictions), (0, others.evictions), "{kind:?}: nor by `clear`");
        }
    }
}

/// What `get` and its kin answer is made of what a plain hit copies out, under a lock that readers share; it says the same
/// as the whole entry does.
#[tokio::test(start_paused = true)]
async fn a_plain_hit_looks_at_no_whole_entry_and_is_as_old_and_as_fresh() {
    use crate::{Freshness, Source, Why};
    for kind in KINDS {
        let inner = inner(&MemoryConfig::default().kind(kind));
        let cache = Cache::from(inner.clone());
        let options =
            RegionOptions::default().ttl(Duration::from_secs(100)).soft_ttl(Duration::from_secs(50));
        let values = cache.region::<u64, u32>("k", options).unwrap();
        values.set(&1, 7).await.unwrap();
        tokio::time::advance(Duration::from_secs(30)).await;
        // The first look after a stamp is at the whole entry, and notes that it is alive.
        let _ = cache.invalidate_tag("elsewhere").await;
        assert!(values.get(&1).await.is_some());
        let never = |_| async { Err::<u32, _>("a plain hit loads nothing") };
        let never_many = |_| async { Err::<Vec<u32>, _>("a plain hit loads nothing") };

        let looks = inner.l1.whole_looks.get();
        assert_eq!(values.get(&1).await.as_deref(), Some(&7));
        assert_eq!(values.get_many([&1, &1]).await.len(), 2);
        assert_eq!(values.get_many_or_load([&1], never_many).await.unwrap()[0].as_deref(), Some(&7));
        let hits = [
            values.get_hit(&1).await.unwrap(),
            values.get_or_load_hit(&1, never).await.unwrap(),
            values.get_or_load_hit_borrowed(&1, never).await.unwrap(),
        ];
        assert_eq!(inner.l1.whole_looks.get(), looks, "{kind:?}");
        let whole = values.peek(&1).unwrap();
        assert_eq!(inner.l1.whole_looks.get(), looks + 1, "{kind:?}: the whole entry, to compare with");
        for hit in hits {
            assert!(Arc::ptr_eq(&hit.value, &whole.value));
            assert_eq!((hit.source, hit.freshness), (Source::L1, Freshness::Fresh), "{kind:?}");
            assert!(
                hit.age.abs_diff(whole.age) < Duration::from_millis(100),
                "{:?} and {:?}",
                hit.age,
                whole.age
            );
            assert!(hit.age.abs_diff(Duration::from_secs(30)) < Duration::from_millis(100), "{:?}", hit.age);
        }
        assert_eq!(values.stats().hits, 8, "{kind:?}");

        tokio::time::advance(Duration::from_secs(25)).await;
        let hit = values.get_hit(&1).await.unwrap();
        assert_eq!(hit.freshness, Freshness::Stale { why: Why::NotLoading }, "{kind:?}");
        assert!(hit.age.abs_diff(Duration::from_secs(55)) < Duration::from_millis(100), "{:?}", hit.age);
        let _ = values.invalidate(&1).await;
        assert!(values.get_hit(&1).await.is_none());
    }
}
