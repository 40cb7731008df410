//! Reads of single keys that share a command.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::stand_in::{Store, node};
use crate::{Cache, MemoryConfig, Region, RegionOptions};

/// A node that has nothing in memory, over `values` that another wrote.
async fn reader(values: u64) -> (Arc<Store>, Cache, Region<u64, u64>) {
    let store = Store::new();
    let writer = node(Some(&store), None, &MemoryConfig::default());
    let houses: Region<u64, u64> = writer.region("k", RegionOptions::default()).unwrap();
    let keys: Vec<u64> = (0..values).collect();
    houses.set_many(keys.iter().map(|key| (key, key * 10))).await.unwrap();
    let cache = node(Some(&store), None, &MemoryConfig::default());
    let houses = cache.region("k", RegionOptions::default()).unwrap();
    // Makes the keeper's acquaintance.
    houses.get(&u64::MAX).await;
    (store, cache, houses)
}

#[tokio::test]
async fn those_who_ask_at_once_share_commands_and_each_has_its_own_answer() {
    for (asked, commands) in [(1, 1), (2, 1), (64, 1), (65, 2), (200, 4)] {
        let (store, _cache, houses) = reader(asked).await;
        let before = store.reads();
        let keys: Vec<u64> = (0..=asked).collect();
        let values = join_all(keys[..asked as usize].iter().map(|key| houses.get(key))).await;
        for (key, value) in keys.iter().zip(&values) {
            assert_eq!(value.as_deref(), Some(&(key * 10)), "{asked}");
        }
        assert_eq!(store.reads() - before, commands, "{asked}");
        assert_eq!(houses.get(&asked).await, None);
    }
}

#[tokio::test]
async fn who_comes_while_two_batches_are_under_way_goes_with_the_next() {
    let (store, _cache, houses) = reader(10).await;
    let before = store.reads();
    let mut waiting = Vec::new();
    let mut gates = Vec::new();
    for key in 0..2_u64 {
        let gate = store.hold("read done");
        let houses = houses.clone();
        waiting.push(tokio::spawn(async move { houses.get(&key).await }));
        gate.reached.await.unwrap();
        gates.push(gate.go);
    }
    for key in 2..10_u64 {
        let houses = houses.clone();
        waiting.push(tokio::spawn(async move { houses.get(&key).await }));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(store.reads() - before, 2, "eight wait in line");
    for go in gates {
        go.send(()).unwrap();
    }
    for (key, value) in join_all(waiting).await.into_iter().enumerate() {
        assert_eq!(value.unwrap().as_deref(), Some(&(key as u64 * 10)));
    }
    assert_eq!(store.reads() - before, 3);
}

#[tokio::test]
async fn who_stops_waiting_takes_nothing_from_the_others() {
    let (store, _cache, houses) = reader(2).await;
    let gate = store.hold("read done");
    let first = tokio::spawn({
        let houses = houses.clone();
        async move { houses.get(&0).await }
    });
    let second = {
        let houses = houses.clone();
        tokio::spawn(async move { houses.get(&1).await })
    };
    gate.reached.await.unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.go.send(()).unwrap();
    assert_eq!(second.await.unwrap().as_deref(), Some(&10));
    assert_eq!(houses.get(&0).await.as_deref(), Some(&0));
}

/// A batch is a task of the runtime of whoever came first, which may end before the others' does.
#[test]
fn a_runtime_that_ends_leaves_no_one_waiting() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (ending, staying) = (runtime(), runtime());
    let (store, cache, houses) = staying.block_on(reader(4));
    let gates: Vec<_> = (0..2_u64)
        .map(|key| {
            let gate = store.hold("read done");
            let houses = houses.clone();
            ending.spawn(async move { houses.get(&key).await });
            staying.block_on(gate.reached).unwrap();
            gate.go
        })
        .collect();
    let waiting = staying.spawn({
        let houses = houses.clone();
        async move { houses.get(&2).await }
    });
    staying.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
    assert!(!waiting.is_finished(), "both batches are under way");
    ending.shutdown_timeout(Duration::from_secs(5));
    drop(gates);
    let late = staying.block_on(async { tokio::time::timeout(Duration::from_secs(5), waiting).await });
    assert_eq!(late.expect("it does not wait for a sender that is gone").unwrap(), None, "its read failed");
    // And the line is as new.
    assert_eq!(staying.block_on(houses.get(&3)).as_deref(), Some(&30));
    drop(cache);
}
