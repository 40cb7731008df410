//! What a node hears of the others' invalidations, what it does not, and how it notices.

use std::convert::Infallible;
use std::time::Duration;

use futures::FutureExt as _;

use super::peers::{BOUND, load, nodes, within};
use super::stand_in::Store;
use crate::{Cache, Delivery, Region, Source};

const WAYS: [&str; 5] = ["key", "tag", "pattern", "set", "clear"];

async fn invalidate(how: &str, cache: &Cache, values: &Region<str, u32>) -> Delivery {
    match how {
        "key" => values.invalidate("a").await,
        "tag" => cache.invalidate_tag("t").await,
        "pattern" => cache.invalidate_pattern("k:*").await,
        "set" => values.set("a", 2).await.unwrap(),
        _ => cache.clear().await,
    }
}

/// dotnet/runtime#125602, dotnet/extensions#5517 and #5674, dotnet/aspnetcore#58402: without a backplane the other nodes
/// serve what was revoked for as long as it lives. dotnet/extensions#7411: what a node once knew of a tag it never asked for
/// again, so there is more than one round.
#[tokio::test(start_paused = true)]
async fn what_one_node_invalidates_the_others_memory_gives_up() {
    for how in WAYS {
        let l2 = Store::new();
        let [(one, here), (_other, there)] = nodes(&l2);
        for round in 0..3 {
            let value = if how == "set" && round > 0 { 2 } else { round };
            load(&here, value).await;
            assert_eq!(load(&there, 9).await, (value, Source::L2), "{how}, round {round}");
            assert_eq!(load(&there, 9).await, (value, Source::L1), "{how}, round {round}");
            assert_eq!(invalidate(how, &one, &here).await, Delivery::Applied);
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(there.get_cached("a"), None, "{how}, round {round}");
        }
    }
}

/// dotnet/extensions#7771: an entry was read from L2 while the time of its tag's invalidation was still on its way, and served.
#[tokio::test(start_paused = true)]
async fn a_node_that_has_not_heard_the_stamps_yet_reads_nothing_of_the_keeper() {
    for how in ["tag", "pattern", "clear"] {
        let l2 = Store::new();
        let (one, here) = within(BOUND, &l2);
        load(&here, 1).await;
        assert_eq!(invalidate(how, &one, &here).await, Delivery::Applied);
        here.set("b", 2).await.unwrap();
        // The first node's own hello is over.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let gate = l2.hold("hello");
        l2.set_down(true);
        let (other, there) = within(BOUND, &l2);
        l2.set_down(false);
        gate.reached.await.unwrap();
        let reads = l2.reads();
        assert_eq!((there.get("a").await, there.get("b").await), (None, None), "{how}");
        assert_eq!(l2.reads(), reads, "{how}");
        gate.go.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(other.coherence().connected);
        assert_eq!((there.get("a").await, there.get("b").await.as_deref()), (None, Some(&2)), "{how}");
    }
}

/// redisson/redisson#4653, #4034, #4686 and #5206, redis/redis#3559: announcements get lost without a sign. The pulse shows
/// the gap within a quarter of the bound, and memory is believed again once the stream was replayed.
#[tokio::test(start_paused = true)]
async fn d_a_lost_announcement_is_noticed_and_replayed_within_the_bound() {
    for how in WAYS {
        let l2 = Store::new();
        let [(one, here), (other, there)] = nodes(&l2);
        load(&here, 1).await;
        load(&there, 9).await;
        l2.set_deaf(true);
        assert_eq!(invalidate(how, &one, &here).await, Delivery::Applied);
        assert_eq!(there.get_cached("a").as_deref(), Some(&1), "{how}: it cannot know yet");
        tokio::time::sleep(BOUND).await;
        assert_eq!(there.get_cached("a"), None, "{how}");
        assert!(!other.coherence().suspect, "{how}: it heard all in the end");
        l2.set_deaf(false);
        load(&there, 3).await;
        tokio::time::sleep(BOUND * 3).await;
        assert!(there.get_cached("a").is_some(), "{how}: memory is used again");
    }
}

/// A node that hears nothing at all, or stood still itself, serves nothing from memory that it did not read of late.
#[tokio::test(start_paused = true)]
async fn a_node_that_hears_nothing_serves_only_what_it_read_within_the_bound() {
    let l2 = Store::new();
    let [(one, here), (_other, there)] = nodes(&l2);
    load(&here, 1).await;
    load(&there, 9).await;
    // Long enough in step that the load itself vouches for nothing any more.
    tokio::time::sleep(BOUND * 2).await;
    assert!(there.get_cached("a").is_some());

    let held = [l2.hold("pulse"), l2.hold("pulse")];
    assert_eq!(here.invalidate("a").await, Delivery::Applied);
    drop(one);
    let beyond = BOUND + Duration::from_millis(1);
    tokio::time::advance(beyond).await;
    assert_eq!(there.get_cached("a"), None, "too long since it heard");
    drop(held);

    l2.set_down(true);
    tokio::time::sleep(BOUND * 2).await;
    assert_eq!(load(&there, 5).await, (5, Source::Loader));
    assert_eq!(load(&there, 6).await, (5, Source::L1), "read within the bound");
    tokio::time::sleep(beyond).await;
    assert_eq!(load(&there, 7).await, (7, Source::Loader), "beyond it");
}

/// redisson/redisson#1707: reads went on without a word while the connection was gone; #5206 and #5208: what others wrote
/// meanwhile was missed for good; #4653: so was all that came after the reconnection. Here memory serves for the bound and
/// no longer, then the missed is replayed and nothing else forgotten (#5207 asked for a way to load all of it again).
#[tokio::test(start_paused = true)]
async fn a_node_that_comes_back_replays_what_it_missed_and_keeps_the_rest() {
    for how in WAYS {
        let l2 = Store::new();
        let [(one, here), (other, there)] = nodes(&l2);
        here.set("b", 1).await.unwrap();
        load(&here, 1).await;
        // What was announced is heard first: it would take out again what is read before.
        tokio::time::sleep(Duration::from_millis(1)).await;
        load(&there, 9).await;
        assert_eq!(there.get("b").await.as_deref(), Some(&1));

        let away = l2.hold("hello");
        l2.cut(&other);
        l2.set_deaf(true);
        away.reached.await.unwrap();
        assert!(!other.coherence().connected && other.coherence().suspect, "{how}: it knows, and says so");
        assert_eq!(there.get_cached("a").as_deref(), Some(&1), "{how}: read within the bound");
        assert_eq!(invalidate(how, &one, &here).await, Delivery::Applied);
        tokio::time::advance(BOUND + Duration::from_millis(1)).await;
        assert_eq!((there.get_cached("a"), there.get_cached("b")), (None, None), "{how}: beyond it");

        l2.set_deaf(false);
        away.go.send(()).unwrap();
        tokio::time::sleep(BOUND).await;
        assert!(other.coherence().connected && !other.coherence().suspect, "{how}");
        assert_eq!(there.get_cached("a"), None, "{how}: replayed");
        let rest = (!matches!(how, "pattern" | "clear")).then_some(&1);
        assert_eq!(there.get_cached("b").as_deref(), rest, "{how}: what nobody invalidated is still there");
        // And the next announcement arrives.
        load(&there, 3).await;
        assert_eq!(here.set("a", 4).await.unwrap(), Delivery::Applied);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(there.get_cached("a"), None, "{how}: heard of");
    }
}

/// A load under way is no fresher than an entry: a node that has not heard of the others for longer than the bound joins
/// nobody to a load that began before.
#[tokio::test(start_paused = true)]
async fn nobody_joins_a_load_that_is_older_than_the_bound_while_the_node_hears_nothing() {
    let l2 = Store::new();
    let [(_one, here), (_other, there)] = nodes(&l2);
    let slow = tokio::spawn({
        let there = there.clone();
        async move {
            let load = there.get_or_load("a", |_| async move {
                tokio::time::sleep(BOUND * 3).await;
                Ok::<_, Infallible>(1)
            });
            *load.await.unwrap()
        }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    l2.set_deaf(true);
    let _held = [l2.hold("pulse"), l2.hold("pulse")];
    assert_eq!(here.invalidate("a").await, Delivery::Applied);
    assert_eq!(load(&there, 1).now_or_never(), None, "it cannot know yet, and joins");
    tokio::time::advance(BOUND + Duration::from_millis(1)).await;
    assert_eq!(load(&there, 2).await, (2, Source::Loader));
    assert_eq!(slow.await.unwrap(), 1, "who came before the invalidation may have what was true then");
    assert_ne!(there.get_cached("a").as_deref(), Some(&1), "and it overwrites nothing newer");
}

/// What was loaded while the keeper could not be asked was born by this node's own clock, which a wall clock that runs ahead
/// may have carried beyond the keeper's: a stamp of that time says nothing about it. (Asked in ZiggyCreatures/FusionCache#319
/// of tags that are compared by the nodes' own clocks.)
#[tokio::test(start_paused = true)]
async fn a_tag_invalidated_during_an_outage_is_heeded_by_a_node_whose_clock_runs_ahead() {
    let l2 = Store::new();
    let (other, there) = within(BOUND, &l2);
    tokio::time::sleep(Duration::from_millis(1)).await;
    l2.set_down(true);
    tokio::time::sleep(BOUND).await;
    assert!(!other.coherence().connected);
    other.inner.clock.observe(other.inner.clock.tick() + 60_000_000);
    assert_eq!(load(&there, 1).await, (1, Source::Loader));

    let gate = l2.hold("hello");
    l2.set_down(false);
    gate.reached.await.unwrap();
    let (one, _here) = within(BOUND, &l2);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(one.invalidate_tag("t").await, Delivery::Applied);
    gate.go.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!other.coherence().suspect, "it has heard all");
    assert_eq!(there.get_cached("a"), None);
    tokio::time::sleep(BOUND * 2).await;
    assert_eq!(load(&there, 2).await, (2, Source::Loader));
}

#[tokio::test(start_paused = true)]
async fn a_node_tells_how_often_and_how_long_it_was_suspect() {
    let l2 = Store::new();
    let [(one, here), (_other, there)] = nodes(&l2);
    load(&here, 1).await;
    there.invalidate("a").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = one.coherence();
    assert_eq!((before.suspicions, before.applied_invalidations), (0, 1), "{before:?}");
    l2.lose_everything();
    l2.set_down(true);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let away = one.coherence();
    assert!(away.suspect && away.suspicions == 1, "{away:?}");
    let lasted = away.suspect_time - before.suspect_time;
    assert!(lasted > Duration::from_secs(25) && lasted <= Duration::from_secs(30), "{lasted:?}");
    l2.set_down(false);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let back = one.coherence();
    assert!(!back.suspect && back.suspicions == 1, "{back:?}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(one.coherence().suspect_time, back.suspect_time, "it grows only while the node is suspect");
}
