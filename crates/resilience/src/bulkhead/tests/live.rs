use super::*;
use crate::telemetry::{Event, OnEvent};
use std::sync::{Arc, Mutex};

/// deadpool 0.13.1: max 4, take 4, `resize(1)`, `resize(4)` let three more out.
#[tokio::test(start_paused = true)]
async fn shrinking_below_what_runs_is_paid_by_returns_and_growing_again_overshoots_nothing() {
    let bulkhead = bulkhead(4, 0);
    let mut running: Vec<_> = (0..4).map(|_| hold(&bulkhead)).collect();
    for call in &mut running {
        pend!(call);
    }
    bulkhead.reconfigure(small(1, 0)).unwrap();
    assert_eq!((bulkhead.snapshot().running, bulkhead.snapshot().limit), (4, 1));
    bulkhead.reconfigure(small(4, 0)).unwrap();
    assert!(matches!(hold(&bulkhead).await, Err(Error::BulkheadFull { limit: 4, .. })));
    bulkhead.reconfigure(small(1, 0)).unwrap();
    for left in [3, 2, 1] {
        running.pop();
        assert!(matches!(hold(&bulkhead).await, Err(Error::BulkheadFull { limit: 1, .. })), "{left} run");
    }
    running.pop();
    let mut next = hold(&bulkhead);
    pend!(next);
    assert_eq!(counts(&bulkhead), (1, 0));
}

/// resilience4j#2325: reconfiguration keeps who runs, who waits and what was counted.
#[tokio::test(start_paused = true)]
async fn growing_grants_the_line_at_once_in_its_order_and_keeps_every_count() {
    let bulkhead = bulkhead(1, 10);
    let mut running = hold_as(bulkhead.labelled("search"));
    pend!(running);
    let mut line: Vec<_> = (0..5).map(|_| hold(&bulkhead)).collect();
    for call in &mut line {
        pend!(call);
    }
    bulkhead.reconfigure(small(3, 10)).unwrap();
    assert_eq!(counts(&bulkhead), (3, 3));
    // The two who came first were granted: dropped, each passes its place on, and nobody else holds one.
    for call in line.drain(..2) {
        drop(call);
    }
    assert_eq!(counts(&bulkhead), (3, 1));
    assert_eq!(bulkhead.snapshot().labels[0].running, 1);
    drop((running, line));
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refused_configuration_changes_nothing() {
    let bulkhead = bulkhead(2, 1);
    bulkhead.reconfigure(small(0, 5)).unwrap_err();
    assert_eq!((bulkhead.config().max_queued, bulkhead.snapshot().limit), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn in_shadow_every_call_runs_at_once_and_those_it_would_have_turned_away_are_counted() {
    let bulkhead = Bulkhead::new("db", small(1, 1).shadow(true)).unwrap();
    let mut calls: Vec<_> = (0..4).map(|_| hold(&bulkhead)).collect();
    for call in &mut calls {
        pend!(call);
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.running, snapshot.queued, snapshot.rejected), (4, 0, 0));
    assert_eq!(snapshot.would_reject, 2, "one would have waited, two would have been turned away");
    bulkhead.reconfigure(small(1, 1)).unwrap();
    let mut waits = hold(&bulkhead);
    pend!(waits);
    bulkhead.reconfigure(small(1, 1).shadow(true)).unwrap();
    assert_eq!(counts(&bulkhead), (5, 0), "who waited is let in");
    drop((calls, waits));
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_what_happens() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = heard.clone();
    let observer = OnEvent::new(move |_, event| events.lock().unwrap().push(event));
    let bulkhead = bulkhead(1, 1).observe(observer);
    let mut running = Box::pin(bulkhead.call(|| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok::<_, &str>(())
    }));
    pend!(running);
    let mut waits = Box::pin(bulkhead.call(|| ready(Ok::<_, &str>(()))));
    pend!(waits);
    hold(&bulkhead).await.unwrap_err();
    running.await.unwrap();
    waits.await.unwrap();
    let ended = Event::Ended(crate::Verdict::Success);
    let expected = [Event::Queued, Event::Rejected, ended, Event::Waited(Duration::from_secs(2)), ended];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn its_stage_adds_the_longest_wait() {
    use crate::Describe;
    let adds = |config| Bulkhead::new("db", config).unwrap().stages()[0].adds;
    assert_eq!(adds(small(1, 0)), Some(Duration::ZERO));
    assert_eq!(adds(small(1, 1)), None);
    assert_eq!(adds(small(1, 1).queue_timeout(Duration::from_secs(3))), Some(Duration::from_secs(3)));
    assert_eq!(adds(small(1, 1).shadow(true)), Some(Duration::ZERO));
    let view = bulkhead(1, 0);
    assert_eq!(view.labelled("search").stages(), view.stages());
}
