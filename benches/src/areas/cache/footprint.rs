//! What an entry takes beside its value: caches of 65,536 small entries, filled to the brim by text and by number.

use crate::footprint::Footprint;
use mainstay_cache::{Cache, CacheKey, MemoryConfig, MemoryKind, RegionOptions};
use std::{any::Any, hash::Hash, sync::Arc, time::Duration};

/// As many as are kept: a power of two, which the tables under the caches are made for.
const ENTRIES: usize = 1 << 16;
/// The value of an entry: an `Arc` of this, 32 bytes with the counts of an `Arc`.
type Value = [u64; 2];
const VALUE_BYTES: u64 = 32;

pub(super) fn footprints() -> Vec<Footprint> {
    let numbers: Vec<u64> = (0..4 * ENTRIES as u64).collect();
    let texts: Vec<String> = numbers.iter().map(|n| format!("house-{n:06}")).collect();
    vec![footprint("entry_bytes_u64", numbers), footprint("entry_bytes_string", texts)]
}

/// The cache, and how many entries it holds.
type Filled = (Box<dyn Any>, u64);

fn footprint<K>(bench: &'static str, keys: Vec<K>) -> Footprint
where
    K: CacheKey + Hash + Eq + Clone + 'static,
{
    let keys: Arc<[K]> = keys.into();
    let with = |fill: fn(&[K]) -> Filled| {
        let keys = keys.clone();
        // The keys outlive the measuring, or the last to have them would seem to give back their bytes.
        move || {
            let (cache, entries) = fill(&keys);
            (Box::new((cache, keys)) as Box<dyn Any>, entries)
        }
    };
    Footprint::new(bench, VALUE_BYTES, with(|keys| mainstay(keys, MemoryKind::QuickCache)))
        .peer("mainstay-on-moka", with(|keys| mainstay(keys, MemoryKind::Moka)))
        .peer("quick_cache", with(quick_cache))
        .peer("moka", with(moka))
}

fn mainstay<K: CacheKey>(keys: &[K], kind: MemoryKind) -> Filled {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        let memory = MemoryConfig::default().capacity(ENTRIES).kind(kind);
        let cache = Cache::builder("b").memory(memory).build().await.expect("memory only");
        let options = RegionOptions::default().ttl(Duration::from_secs(3_600));
        let region = cache.region::<K, Value>("house", options).expect("a valid region");
        for key in keys {
            region.set(key, [7; 2]).await.expect("nothing is serialised");
        }
        let entries = cache.stats().l1_entries;
        (Box::new(cache) as Box<dyn Any>, entries)
    })
}

fn quick_cache<K: Hash + Eq + Clone + 'static>(keys: &[K]) -> Filled {
    let store = quick_cache::sync::Cache::new(ENTRIES);
    keys.iter().for_each(|key| store.insert(key.clone(), Arc::<Value>::new([7; 2])));
    let entries = store.len() as u64;
    (Box::new(store), entries)
}

fn moka<K: Hash + Eq + Clone + Send + Sync + 'static>(keys: &[K]) -> Filled {
    let store = moka::sync::Cache::new(ENTRIES as u64);
    keys.iter().for_each(|key| store.insert(key.clone(), Arc::<Value>::new([7; 2])));
    store.run_pending_tasks();
    let entries = store.entry_count();
    (Box::new(store), entries)
}
