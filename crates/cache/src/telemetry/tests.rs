use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::Metrics;
use crate::auditor::{AuditConfig, Auditor};
use crate::tests::stand_in::{Store, node};
use crate::{Cache, FailSafe, MemoryConfig, RegionOptions};

/// A node over all layers, on which everything happened that has a figure of its own.
async fn busy_node() -> Cache {
    let (l2, l3) = (Store::new(), Store::new());
    let cache = node(Some(&l2), Some(&l3), &MemoryConfig::default().capacity(64));
    let other = node(Some(&l2), Some(&l3), &MemoryConfig::default());
    let options = RegionOptions::default().ttl(Duration::from_secs(10)).fail_safe(FailSafe::default());
    let houses = cache.region::<u64, u64>("house", options.clone()).unwrap();
    for id in 0..200 {
        let load = houses.get_or_load(&id, move |_| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, &str>(id)
        });
        load.await.unwrap();
    }
    cache.flush().await;
    cache.inner.l1.clear();
    assert_eq!(houses.get(&7).await.as_deref(), Some(&7));
    assert_eq!(houses.get(&7).await.as_deref(), Some(&7));
    houses.get_or_load(&900, |_| async { Err::<u64, _>("no database") }).await.unwrap_err();
    tokio::time::advance(Duration::from_secs(11)).await;
    houses.get_or_load(&7, |_| async { Err::<u64, _>("no database") }).await.unwrap();
    // Bytes of another schema under a key of this one.
    let newer = other.region::<u64, u64>("house", options.schema(2)).unwrap();
    newer.set(&500, 1).await.unwrap();
    assert_eq!(houses.get(&500).await, None);
    cache
}

/// What the recorder holds after two tellings of such a node.
async fn recorded() -> (Cache, Snapshotter) {
    let cache = busy_node().await;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let auditor = Auditor::start(&cache, AuditConfig::default()).unwrap();
        let mut metrics = Metrics::new(&cache).auditor(&auditor);
        assert!(metrics.record());
        assert!(metrics.record());
    });
    (cache, snapshotter)
}

/// Name, type and labels of the names with this crate's prefix in the page that lists all metrics.
fn documented() -> Vec<String> {
    let page = include_str!("../../../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `mainstay_cache_"));
    let mut rows: Vec<_> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            cells[1..4].join(" | ")
        })
        .collect();
    rows.sort();
    rows
}

/// Both ways: nothing is exported that the page does not list, and nothing listed that is not exported.
#[tokio::test(start_paused = true)]
async fn the_page_of_metrics_lists_exactly_what_a_cache_exports() {
    let (_cache, snapshotter) = recorded().await;
    let mut exported: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, meaning, _)| {
            assert!(meaning.is_some(), "{key:?} is not described");
            let kind = match key.kind() {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            let labels: Vec<_> = key.key().labels().map(|label| label.key().to_owned()).collect();
            format!("{} | {kind} | {}", key.key().name(), labels.join(", "))
        })
        .collect();
    exported.sort();
    exported.dedup();
    assert_eq!(exported, documented());
}

/// Every figure is told as the cache's own statistics have it, and what loads took is told once.
#[tokio::test(start_paused = true)]
async fn what_is_told_is_what_the_statistics_say() {
    let (cache, snapshotter) = recorded().await;
    let stats = cache.stats();
    let seen: BTreeMap<String, DebugValue> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().skip(1).map(|label| label.value().to_owned()).collect();
            (
                format!("{} {}", key.key().name().trim_start_matches("mainstay_cache_"), labels.join(",")),
                value,
            )
        })
        .collect();
    let count = |series: &str| match &seen[series] {
        DebugValue::Counter(count) => *count,
        other => panic!("{series} is {other:?}"),
    };
    let (l2, l3, house) = (stats.l2.unwrap(), stats.l3.unwrap(), &stats.regions["house"]);
    assert_eq!(count("loads_total house"), 202);
    assert_eq!(count("load_failures_total house"), 2);
    assert_eq!(count("stale_serves_total house"), 1);
    assert_eq!((count("hits_total l1,house"), house.hits), (1, 1));
    assert_eq!((count("hits_total l2,house"), l2.hits), (house.l2_hits, house.l2_hits));
    assert_eq!((count("misses_total l3,house"), l3.misses), (house.l3_misses, house.l3_misses));
    assert!(house.l2_hits >= 1 && house.l2_misses >= 200);
    assert_eq!(count("undecodable_entries_total l2,fingerprint"), 1);
    assert!(count("evictions_total l1") >= 200 - 64, "{}", count("evictions_total l1"));
    assert!(count("written_bytes_total l2") > 200 * 16 && count("read_bytes_total l2") > 16);
    assert_eq!(count("written_bytes_total l3"), l3.written_bytes);
    assert_eq!(count("region_evictions_total house"), count("evictions_total l1"));
    assert_eq!(count("region_written_bytes_total l2,house"), house.l2_written_bytes);
    assert_eq!(count("region_read_bytes_total l3,house"), house.l3_read_bytes);
    assert!(house.l2_read_bytes > 16 && house.l3_written_bytes > 200 * 16, "{house:?}");
    let weighed = DebugValue::Gauge((house.weight as f64).into());
    assert_eq!((&seen["region_memory_weight house"], &seen["memory_weight "]), (&weighed, &weighed));
    let DebugValue::Histogram(times) = &seen["load_seconds house"] else { panic!("no histogram") };
    let long = times.iter().filter(|time| (0.0175..0.0225).contains(&time.into_inner())).count();
    assert_eq!((times.len(), long), (202, 200), "each once");
    assert_eq!(seen["running_loads house"], DebugValue::Gauge(0.0.into()));
    assert_eq!(seen["suspect_nodes "], DebugValue::Gauge(0.0.into()));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_cache() {
    let cache = Cache::builder("short").build().await.unwrap();
    let telling = tokio::spawn(Metrics::new(&cache).run(Duration::from_secs(1)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!telling.is_finished());
    let left = Arc::downgrade(&cache.inner);
    drop(cache);
    telling.await.unwrap();
    assert!(left.upgrade().is_none());
}
