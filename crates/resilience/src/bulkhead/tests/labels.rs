use super::*;
use crate::{Retry, RetryConfig};

fn label<O>(bulkhead: &Bulkhead<O>, name: &str) -> (u64, u64, u64, u64) {
    let labels = bulkhead.snapshot().labels;
    let found = labels.iter().find(|label| &*label.label == name).unwrap();
    (found.running, found.queued, found.admitted, found.rejected)
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_their_label() {
    let bulkhead = bulkhead(1, 1);
    let mut running = hold_as(bulkhead.labelled("search"));
    let mut waiting = hold_as(bulkhead.labelled("report"));
    pend!(running, waiting);
    let refused = hold_as(bulkhead.labelled("search")).await;
    assert!(matches!(refused, Err(Error::BulkheadFull { .. })));
    assert_eq!(label(&bulkhead, "search"), (1, 0, 1, 1));
    assert_eq!(label(&bulkhead, "report"), (0, 1, 0, 0));
    drop(running);
    pend!(waiting);
    assert_eq!(label(&bulkhead, "search"), (0, 0, 1, 1));
    assert_eq!(label(&bulkhead, "report"), (1, 0, 1, 0));
    drop(waiting);
    assert_eq!(label(&bulkhead, "report"), (0, 0, 1, 0));
    assert_eq!(bulkhead.snapshot().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn a_labelled_view_stands_in_a_pipeline() {
    let bulkhead = bulkhead(1, 0);
    let guard = (
        Retry::new("search", RetryConfig::FAST).unwrap(),
        bulkhead.labelled("search").priority(Priority::High),
    );
    let answer = guard.call_with(|attempt| ready(if attempt.number() < 3 { Err("down") } else { Ok(1) }));
    assert_eq!(answer.await, Ok(1));
    assert_eq!(label(&bulkhead, "search"), (0, 0, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn labels_beyond_the_bound_are_counted_together() {
    let bulkhead = bulkhead(1, 0);
    for n in 0..100 {
        bulkhead.labelled(&format!("user-{n}")).call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    }
    let labels = bulkhead.snapshot().labels;
    assert_eq!(labels.len(), 33);
    assert_eq!((&*labels[0].label, labels[0].admitted), ("user-0", 1));
    assert_eq!((&*labels[32].label, labels[32].admitted), ("other", 68));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_or_panicked_call_leaves_no_count_under_its_label() {
    let bulkhead = std::sync::Arc::new(bulkhead(1, 1));
    let mut running = hold_as(bulkhead.labelled("search"));
    let mut waiting = hold_as(bulkhead.labelled("search"));
    pend!(running, waiting);
    // Granted unseen, then dropped.
    drop(running);
    drop(waiting);
    assert_eq!(label(&bulkhead, "search"), (0, 0, 1, 0));
    let inner = bulkhead.clone();
    let panicked = tokio::spawn(async move {
        inner.labelled("search").call(|| async { panic!("inside") as Result<(), &str> }).await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(label(&bulkhead, "search"), (0, 0, 2, 0));
    assert_eq!(counts(&bulkhead), (0, 0));
}
