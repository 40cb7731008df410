//! Whatever becomes of the caller of an invalidating function, what it made untrue is invalidated once its body succeeded.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt;

use super::stand_in::{Store, node};
use crate::{Cache, MemoryConfig, Region, RegionOptions, cache_invalidate};

type Values = Region<str, u32>;

fn two_nodes(l2: &Arc<Store>) -> [(Cache, Values); 2] {
    [(); 2].map(|()| {
        let cache = node(Some(l2), None, &MemoryConfig::default());
        let values = cache.region("k", RegionOptions::default()).unwrap();
        (cache, values)
    })
}

#[cache_invalidate(keys(values => "a", values => "b"), tags("t"), cache = cache, crate = crate)]
async fn change(cache: &Cache, values: &Values) -> Result<(), &'static str> {
    Ok(())
}

#[cache_invalidate(keys(values => "a", values => result.expect("a panic that the test wants")), crate = crate)]
async fn change_and_panic(values: &Values) -> Option<&'static str> {
    None
}

async fn fill(cache: &Cache, values: &Values) {
    for key in ["a", "b"] {
        values.set(key, 7).await.unwrap();
    }
    let load = values.get_or_load("tagged", |cx| async move {
        cx.tag("t");
        Ok::<_, ()>(7)
    });
    load.await.unwrap();
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0);
}

fn nothing_in_memory(values: &Values) {
    for key in ["a", "b", "tagged"] {
        assert_eq!(values.get_cached(key), None, "{key}");
    }
}

/// Until all tasks have got as far as they can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_who_waits_hears_of_it_when_the_layers_have_acknowledged() {
    let l2 = Store::new();
    let [(cache, values), (_, others)] = two_nodes(&l2);
    fill(&cache, &values).await;
    let held = l2.hold("revoke");
    let mut call = Box::pin(change(&cache, &values));
    assert!((&mut call).now_or_never().is_none());
    nothing_in_memory(&values);
    held.go.send(()).unwrap();
    assert_eq!(call.await, Ok(()));
    for key in ["a", "b", "tagged"] {
        assert_eq!(others.get(key).await, None, "{key}");
    }
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0);
}

/// Two keys of one cache are one command.
#[tokio::test]
async fn a_caller_who_is_dropped_leaves_the_rest_to_a_task() {
    let l2 = Store::new();
    let [(cache, values), (_, others)] = two_nodes(&l2);
    fill(&cache, &values).await;
    let held = l2.hold("revoke");
    assert!(change(&cache, &values).now_or_never().is_none());
    nothing_in_memory(&values);
    settle().await;
    assert!(l2.holds("k:a"), "the command is still held");
    held.go.send(()).unwrap();
    settle().await;
    assert!(!l2.holds("k:a") && !l2.holds("k:b"), "told without anybody asking this node again");
    assert_eq!(others.get("tagged").await, None);
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0);
}

#[tokio::test]
async fn a_panic_after_the_success_leaves_it_to_a_task() {
    let l2 = Store::new();
    let [(cache, values), _] = two_nodes(&l2);
    fill(&cache, &values).await;
    let held = l2.hold("revoke");
    let call = std::panic::AssertUnwindSafe(change_and_panic(&values)).catch_unwind();
    call.await.unwrap_err();
    assert_eq!(values.get_cached("a"), None);
    held.go.send(()).unwrap();
    settle().await;
    assert!(!l2.holds("k:a") && l2.holds("k:b"));
}

#[test]
fn a_caller_who_is_dropped_outside_a_runtime_owes_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let l2 = Store::new();
    let (cache, values) = runtime.block_on(async {
        let [one, _] = two_nodes(&l2);
        fill(&one.0, &one.1).await;
        one
    });
    let held = l2.hold("revoke");
    {
        let mut call = std::pin::pin!(change(&cache, &values));
        let within = runtime.enter();
        assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        drop(within);
    }
    nothing_in_memory(&values);
    drop(held);
    assert!(l2.holds("k:a"));
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 1, "the keys; the tag was acknowledged at once");
    runtime.block_on(async {
        assert_eq!(values.get("a").await, None, "paid before it is read");
    });
    assert!(!l2.holds("k:a"));
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_away_is_owed_it_and_the_caller_goes_on() {
    let l2 = Store::new();
    let [(cache, values), _] = two_nodes(&l2);
    fill(&cache, &values).await;
    l2.set_down(true);
    assert_eq!(change(&cache, &values).await, Ok(()));
    nothing_in_memory(&values);
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 2);
    l2.set_down(false);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(values.get("a").await, None);
    assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0);
}
