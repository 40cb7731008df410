//! The auditor: what is planted is found, and what traffic does is no finding.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::stand_in::{Store, node_answering};
use super::world::{SECOND, seconds};
use crate::auditor::{AuditConfig, Auditor, Incoherence};
use crate::{Cache, CacheKeyBuilder, Key, MemoryConfig, MemoryKind, Region, RegionOptions};

fn cache_of(l2: &Arc<Store>, kind: MemoryKind) -> Cache {
    node_answering(SECOND, seconds(2), Some(l2), None, &MemoryConfig::default().kind(kind))
}

fn cache(l2: &Arc<Store>) -> Cache {
    cache_of(l2, MemoryKind::QuickCache)
}

fn region<V>(cache: &Cache) -> Region<str, V>
where
    V: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    cache.region("k", RegionOptions::default().ttl(seconds(86_400))).unwrap()
}

fn often() -> AuditConfig {
    AuditConfig::default().every(SECOND).grace(Duration::ZERO)
}

/// Memory has `1`, Redis is handed `2` behind the cache's back.
async fn planted(l2: &Arc<Store>, values: &Region<str, u64>, key: &str) {
    values.set(key, 2).await.unwrap();
    let two = l2.item(&format!("k:{key}"));
    values.set(key, 1).await.unwrap();
    l2.plant(&two, l2.item(&format!("k:{key}")).born + 1);
}

#[tokio::test(start_paused = true)]
async fn what_redis_was_handed_behind_the_caches_back_is_found() {
    for kind in [MemoryKind::QuickCache, MemoryKind::Moka] {
        let l2 = Store::new();
        let cache = cache_of(&l2, kind);
        let values = region::<u64>(&cache);
        planted(&l2, &values, "a").await;
        values.set("b", 1).await.unwrap();
        let auditor = Auditor::start(&cache, often()).unwrap();
        tokio::time::sleep(Duration::from_millis(3_900)).await;
        assert_eq!(auditor.report().incoherent(), 0, "not before the promise was broken");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let report = auditor.report();
        assert_eq!(
            (report.checked, report.suspected, report.memory_older_than_redis),
            (2, 1, 1),
            "{report:?}"
        );
        let finding = auditor.findings().pop().unwrap();
        assert_eq!((&*finding.of.region, &*finding.of.key), ("k", "k:a"));
        assert_eq!(finding.of.parse::<String>().as_deref(), Some("a"));
        assert_eq!(finding.kind, Incoherence::MemoryOlderThanRedis);
        assert_eq!(finding.memory.unwrap().born + 1, finding.redis.unwrap().born);
        assert_eq!(finding.lasted, seconds(4), "the bound and two command timeouts");
        let _ = values.invalidate("a").await;
        tokio::time::sleep(seconds(10)).await;
        let before = auditor.report();
        tokio::time::sleep(seconds(20)).await;
        assert_eq!(auditor.report().incoherent(), before.incoherent(), "mended, it is found no more");
        assert!(auditor.report().rounds > before.rounds);
    }
}

/// A load that found the same value is no difference, nor is a set that serialises in another order.
#[tokio::test(start_paused = true)]
async fn a_younger_value_that_says_the_same_is_no_finding() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<HashSet<String>>(&cache);
    let set: HashSet<String> = (0..50).map(|n| n.to_string()).collect();
    values.set("a", set).await.unwrap();
    let item = l2.item("k:a");
    l2.plant(&item, item.born + 1);
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(20)).await;
    let report = auditor.report();
    assert_eq!((report.suspected, report.incoherent()), (0, 0), "{report:?}");
    assert!(report.checked > 10, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn versions_decide_where_both_have_one() {
    let (l2, elsewhere) = (Store::new(), Store::new());
    let values = region::<u64>(&cache(&elsewhere));
    values.set_versioned("a", 1, 2).await.unwrap();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    values.set_versioned("a", 1, 1).await.unwrap();
    l2.plant(&elsewhere.item("k:a"), l2.item("k:a").born);
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(auditor.report().memory_older_than_redis, 1, "as old by the clock, and says the same");
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_source_is_found_in_both_layers() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    values.set_versioned("a", 1, 1).await.unwrap();
    values.set("unversioned", 1).await.unwrap();
    let truth = Arc::new(AtomicU64::new(1));
    let auditor = Auditor::start_with_source(&cache, often(), {
        let truth = truth.clone();
        move |audited| {
            assert_eq!(audited.key, "k:a", "what has no version is not asked for");
            let truth = truth.load(Ordering::Relaxed);
            async move { Some(truth) }
        }
    })
    .unwrap();
    tokio::time::sleep(seconds(20)).await;
    assert_eq!(auditor.report().suspected, 0);
    truth.store(2, Ordering::Relaxed);
    tokio::time::sleep(seconds(6)).await;
    let kinds: Vec<_> = auditor.findings().into_iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Incoherence::RedisOlderThanSource, Incoherence::MemoryOlderThanSource]);
    assert_eq!(auditor.findings()[0].source, Some(2));
    let _ = values.invalidate_version("a", 2).await;
    tokio::time::sleep(seconds(6)).await;
    let before = auditor.report().incoherent();
    tokio::time::sleep(seconds(20)).await;
    assert_eq!(auditor.report().incoherent(), before);
}

/// Both looks may fall between a commit and its invalidation; what counts is what the source had at the first.
#[tokio::test(start_paused = true)]
async fn a_source_that_is_a_commit_ahead_at_both_looks_is_no_finding() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    values.set_versioned("a", 1, 1).await.unwrap();
    let truth = Arc::new(AtomicU64::new(2));
    let auditor = Auditor::start_with_source(&cache, often(), {
        let truth = truth.clone();
        move |_| std::future::ready(Some(truth.load(Ordering::Relaxed)))
    })
    .unwrap();
    for version in 2..6 {
        // The first look is at a version behind, the second, 4 s later, at the next one behind; then the auditor rests 1 s.
        tokio::time::sleep(seconds(2)).await;
        values.set_versioned("a", version, version).await.unwrap();
        truth.store(version + 1, Ordering::Relaxed);
        tokio::time::sleep(seconds(3)).await;
    }
    let report = auditor.report();
    assert_eq!((report.suspected, report.incoherent()), (4, 0), "{:#?}", auditor.findings());
}

/// A row that was deleted and made anew counts from below again.
#[tokio::test(start_paused = true)]
async fn a_source_that_says_less_at_the_second_look_is_believed() {
    let l2 = Store::new();
    let cache = cache(&l2);
    region::<u64>(&cache).set_versioned("a", 1, 3).await.unwrap();
    let truth = Arc::new(AtomicU64::new(5));
    let auditor = Auditor::start_with_source(&cache, often(), {
        let truth = truth.clone();
        move |_| std::future::ready(Some(truth.load(Ordering::Relaxed)))
    })
    .unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(auditor.report().suspected, 1);
    truth.store(1, Ordering::Relaxed);
    tokio::time::sleep(seconds(10)).await;
    let report = auditor.report();
    assert!(report.incoherent() == 0 && report.rounds > 1, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_is_no_finding_and_ends_nothing() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    for key in ["panics", "hangs", "unknown"] {
        values.set_versioned(key, 1, 1).await.unwrap();
    }
    let auditor = Auditor::start_with_source(&cache, often(), |audited| async move {
        match &*audited.key {
            "k:panics" => panic!("the source is broken"),
            "k:hangs" => std::future::pending().await,
            _ => None,
        }
    })
    .unwrap();
    tokio::time::sleep(seconds(20)).await;
    let report = auditor.report();
    assert_eq!(report.incoherent(), 0);
    assert!(report.rounds > 5, "{report:?}");
}

/// Announcements are lost all the while, so that a node is behind until its next pulse: each look finds differences, and
/// none lasts. The source's version moves with each write.
#[tokio::test(start_paused = true)]
async fn traffic_is_no_finding() {
    let l2 = Store::new();
    l2.set_deaf(true);
    let nodes = [cache(&l2), cache(&l2)];
    let truth: Arc<[AtomicU64; 8]> = Arc::default();
    truth.iter().for_each(|truth| truth.store(1, Ordering::Relaxed));
    let config = || often().every(Duration::from_millis(100)).sample(8);
    let auditors = nodes.each_ref().map(|cache| {
        let truth = truth.clone();
        Auditor::start_with_source(cache, config(), move |audited| {
            let version = truth[audited.parse::<usize>().unwrap()].load(Ordering::Relaxed);
            async move { Some(version) }
        })
        .unwrap()
    });
    let unversioned = nodes.each_ref().map(|cache| Auditor::start(cache, config()).unwrap());
    let mut tasks = Vec::new();
    for (n, cache) in nodes.iter().enumerate() {
        let (values, truth) = (region::<u64>(cache), truth.clone());
        tasks.push(tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(n as u64);
            loop {
                let (at, dice) = (random.usize(..8), random.u32(..100));
                let key = at.to_string();
                // From the commit to the invalidation, as a writer does it.
                let committed = Duration::from_millis(20);
                match dice {
                    0..3 => {
                        let version = truth[at].fetch_add(1, Ordering::Relaxed) + 1;
                        tokio::time::sleep(committed).await;
                        let _ = values.invalidate_version(&key, version).await;
                    }
                    3..5 => {
                        let version = truth[at].fetch_add(1, Ordering::Relaxed) + 1;
                        tokio::time::sleep(committed).await;
                        let _ = values.set_versioned(&key, version, version).await;
                    }
                    _ => {
                        let truth = truth.clone();
                        let load = values.get_or_load(&key, move |cx| async move {
                            let version = truth[at].load(Ordering::Relaxed);
                            cx.version(version);
                            Ok::<_, Infallible>(version)
                        });
                        let _ = load.await;
                    }
                }
                tokio::time::sleep(Duration::from_millis(random.u64(1..40))).await;
            }
        }));
    }
    tokio::time::sleep(seconds(300)).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    for auditor in auditors.iter().chain(&unversioned) {
        let report = auditor.report();
        assert_eq!(report.incoherent(), 0, "{report:?} {:#?}", auditor.findings());
        assert!(
            report.suspected > 20 && report.checked > 200,
            "the looks found nothing to doubt: {report:?}"
        );
    }
}

/// Values without versions, and a key that is written too seldom for its entries to change under the auditor.
#[tokio::test(start_paused = true)]
async fn a_lost_announcement_that_the_pulse_makes_good_is_no_finding() {
    let l2 = Store::new();
    l2.set_deaf(true);
    let (one, other) = (cache(&l2), cache(&l2));
    let (here, there) = (region::<u64>(&one), region::<u64>(&other));
    let auditor = Auditor::start(&other, often().every(Duration::from_millis(50))).unwrap();
    for n in 0..40 {
        here.set("a", n).await.unwrap();
        tokio::time::sleep(Duration::from_millis(4_200)).await;
        there.get("a").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let report = auditor.report();
    assert_eq!(report.incoherent(), 0, "{:#?}", auditor.findings());
    assert!(report.suspected > 5, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_redis_does_not_hold_or_does_not_say_is_no_finding() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    planted(&l2, &values, "a").await;
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(1)).await;
    l2.corrupt("k:a");
    tokio::time::sleep(seconds(20)).await;
    let report = auditor.report();
    assert_eq!((report.suspected, report.incoherent()), (1, 0), "{report:?}");
    l2.set_down(true);
    tokio::time::sleep(seconds(20)).await;
    let report = auditor.report();
    assert_eq!(report.incoherent(), 0);
    assert!(report.rounds > 10, "{report:?}");
}

/// What memory holds, and does not serve because the node has not heard of the others, breaks no promise; even while Redis
/// still answers.
#[tokio::test(start_paused = true)]
async fn what_a_suspect_node_does_not_serve_is_no_finding() {
    let patient =
        |l2: &Arc<Store>| node_answering(seconds(20), seconds(2), Some(l2), None, &MemoryConfig::default());
    // Suspect at the first look: nothing is drawn.
    let l2 = Store::new();
    let cache = patient(&l2);
    let values = region::<u64>(&cache);
    planted(&l2, &values, "a").await;
    let pulse = l2.hold("pulse");
    tokio::time::sleep(seconds(3)).await;
    assert_eq!((values.get_cached("a"), values.peek("a").is_some()), (None, true), "held, and not served");
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(10)).await;
    let report = auditor.report();
    assert_eq!((report.checked, report.suspected, report.unanswered), (0, 0, 0), "{report:?}");
    assert!(report.rounds > 5, "{report:?}");
    drop((pulse, auditor));

    // Suspect at the second alone: what was served at the first is not held against it.
    let l2 = Store::new();
    let cache = patient(&l2);
    let values = region::<u64>(&cache);
    planted(&l2, &values, "a").await;
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(30)).await;
    let pulse = l2.hold("pulse");
    tokio::time::sleep(seconds(11)).await;
    assert_eq!(values.get_cached("a"), None);
    // The bound and two command timeouts after the first look.
    tokio::time::sleep(seconds(2)).await;
    let report = auditor.report();
    assert!(report.rounds > 0, "{report:?}");
    assert_eq!((report.suspected, report.incoherent()), (1, 0), "{report:?}");
    drop(pulse);
}

/// Kinds that were not found are told as 0, so that the first of them is a rise.
#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn what_it_finds_is_told_to_the_metrics_facade() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use crate::telemetry::Metrics;

    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    planted(&l2, &values, "a").await;
    values.set("b", 1).await.unwrap();
    let auditors = [(); 2].map(|()| Auditor::start(&cache, often()).unwrap());
    tokio::time::sleep(Duration::from_millis(4_100)).await;
    l2.set_down(true);
    tokio::time::sleep(seconds(3)).await;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let reports = auditors.each_ref().map(Auditor::report);
    metrics::with_local_recorder(&recorder, || {
        let mut metrics = Metrics::new(&cache).auditor(&auditors[0]).auditor(&auditors[1]);
        drop(auditors);
        assert!(metrics.record());
    });
    let mut told: Vec<(String, u64)> = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let kind = key.key().labels().find(|label| label.key() == "kind").map_or("", |kind| kind.value());
        let name = key.key().name().trim_start_matches("mainstay_cache_");
        if let DebugValue::Counter(count) = value
            && ["incoherent_total", "audited_entries_total", "unanswered_audits_total"].contains(&name)
        {
            told.push((format!("{name} {kind}"), count));
        }
    }
    told.sort();
    let sum = |of: fn(&crate::auditor::AuditReport) -> u64| reports.iter().map(of).sum::<u64>();
    let expected = [
        ("audited_entries_total ".to_owned(), sum(|report| report.checked)),
        ("incoherent_total memory_older_than_redis".to_owned(), 2),
        ("incoherent_total memory_older_than_source".to_owned(), 0),
        ("incoherent_total redis_older_than_source".to_owned(), 0),
        ("unanswered_audits_total ".to_owned(), sum(|report| report.unanswered)),
    ];
    assert_eq!(told, expected);
    assert!(told[0].1 >= 4 && told[4].1 >= 2, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_regions_named_are_looked_at_and_so_many_findings_kept() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    for key in ["a", "b", "c", "d", "e"] {
        planted(&l2, &values, key).await;
    }
    let elsewhere = Auditor::start(&cache, often().region("other")).unwrap();
    let here = Auditor::start(&cache, often().region("k").keep(2)).unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(elsewhere.report().checked, 0);
    assert_eq!(here.report().memory_older_than_redis, 5);
    assert_eq!(here.findings().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_handle_and_does_not_keep_the_cache() {
    let l2 = Store::new();
    let cache = cache(&l2);
    let values = region::<u64>(&cache);
    values.set("a", 1).await.unwrap();
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(10)).await;
    drop(auditor);
    tokio::task::yield_now().await;
    let reads = l2.reads();
    assert!(reads >= 9, "{reads}");
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(l2.reads(), reads, "a dropped auditor goes on");
    let auditor = Auditor::start(&cache, often()).unwrap();
    tokio::time::sleep(seconds(2)).await;
    let inner = Arc::downgrade(&cache.inner);
    drop((cache, values));
    tokio::time::sleep(seconds(10)).await;
    assert!(inner.upgrade().is_none(), "an auditor keeps the cache alive");
    let rounds = auditor.report().rounds;
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(auditor.report().rounds, rounds);
}

#[tokio::test]
async fn a_sample_of_memory_is_rendered_keys_and_their_entries() {
    for kind in [MemoryKind::QuickCache, MemoryKind::Moka] {
        let cache =
            Cache::builder("memory").memory(MemoryConfig::default().kind(kind)).build().await.unwrap();
        let numbers = cache.region::<u64, u64>("n", RegionOptions::default()).unwrap();
        let texts = cache.region::<str, u64>("t:u", RegionOptions::default()).unwrap();
        let whole = cache.region::<Key, u64>("w", RegionOptions::default()).unwrap();
        numbers.set(&12, 1).await.unwrap();
        texts.set("a b", 2).await.unwrap();
        whole.set(&CacheKeyBuilder::new("x").component(7).build(), 3).await.unwrap();
        let mut sampled: Vec<(String, u64)> = cache
            .inner
            .l1
            .sample(10)
            .into_iter()
            .map(|(key, entry)| (key.to_string(), *entry.value::<u64>().unwrap()))
            .collect();
        sampled.sort();
        assert_eq!(sampled, [("n:12".to_owned(), 1), ("t:u:a%20b".to_owned(), 2), ("x:7".to_owned(), 3)]);
        assert_eq!(cache.inner.l1.sample(2).len(), 2);
    }
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let cache = Cache::builder("homes").build().await.unwrap();
    let error = Auditor::start(&cache, AuditConfig::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "cache `homes`: auditor is a cache of memory alone, allowed is a cache with Redis, or \
         `Auditor::start_with_source`"
    );
    let error = Auditor::start_with_source(&cache, AuditConfig::default().sample(0), |_| async { None });
    assert_eq!(error.unwrap_err().to_string(), "cache `homes`: sample is 0, allowed is 1 to 1,000");
    assert_eq!(AuditConfig::default().validate(), Ok(()));
    let refused = [
        AuditConfig::default().every(Duration::ZERO),
        AuditConfig::default().grace(seconds(100_000)),
        AuditConfig::default().keep(0),
        AuditConfig::default().source_timeout(Duration::ZERO),
    ];
    let fields = refused.map(|config| config.validate().unwrap_err().field);
    assert_eq!(fields, ["every", "grace", "keep", "source_timeout"]);
}
