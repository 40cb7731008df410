//! Hit rates of memory bounded to 1,000 entries: mainstay over each of its stores, and the stores alone.

use super::{contenders::Hasher, streams};
use crate::contest::{Contest, counted};
use mainstay_cache::{Cache, MemoryConfig, MemoryKind, RegionOptions};
use std::{convert::Infallible, rc::Rc, time::Duration};

pub(super) fn contests() -> Vec<Contest> {
    [
        ("hit_rate_zipf_0.8", streams::zipf(0.8)),
        ("hit_rate_zipf_0.9", streams::zipf(0.9)),
        ("hit_rate_zipf_1.0", streams::zipf(1.0)),
        ("hit_rate_zipf_1.1", streams::zipf(1.1)),
        ("hit_rate_scan", streams::scans()),
        ("hit_rate_loop", streams::cycle()),
        ("hit_rate_shift", streams::shifting()),
    ]
    .map(|(bench, stream)| contest(bench, stream.into()))
    .into()
}

fn contest(bench: &'static str, stream: Rc<[u64]>) -> Contest {
    let streams = [(); 4].map(|()| stream.clone());
    let [default, on_moka, quick, moka] = streams;
    Contest::new(bench, move |_| counted(mainstay(&default, MemoryKind::default())))
        .hits_of(stream.len() as u64)
        .peer("mainstay-on-moka", move |_| counted(mainstay(&on_moka, MemoryKind::Moka)))
        .peer("quick_cache", move |_| counted(quick_cache(&quick)))
        .peer("moka", move |_| counted(moka_sync(&moka)))
}

/// As a service reads: what is not there is loaded.
fn mainstay(stream: &[u64], kind: MemoryKind) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        let memory = MemoryConfig::default().capacity(streams::CAPACITY).kind(kind);
        let cache = Cache::builder("b").memory(memory).build().await.expect("memory only");
        let options = RegionOptions::default().ttl(Duration::from_secs(3_600));
        let region = cache.region::<u64, ()>("key", options).expect("a valid region");
        for key in stream {
            region.get_or_load(key, |_| async { Ok::<_, Infallible>(()) }).await.expect("nothing fails");
        }
        stream.len() as u64 - cache.stats().loads
    })
}

fn quick_cache(stream: &[u64]) -> u64 {
    let count = streams::CAPACITY;
    let store = quick_cache::sync::Cache::<_, _, _, Hasher, _>::with(
        count,
        count as u64,
        quick_cache::UnitWeighter,
        Hasher::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    );
    hits(stream, |key| store.get(key).is_some(), |key| store.insert(key, ()))
}

fn moka_sync(stream: &[u64]) -> u64 {
    let store = moka::sync::Cache::new(streams::CAPACITY as u64);
    hits(stream, |key| store.get(key).is_some(), |key| store.insert(key, ()))
}

fn hits(stream: &[u64], mut has: impl FnMut(&u64) -> bool, mut keep: impl FnMut(u64)) -> u64 {
    let mut hits = 0;
    for key in stream {
        if has(key) {
            hits += 1;
        } else {
            keep(*key);
        }
    }
    hits
}
