use super::*;

#[tokio::test(start_paused = true)]
async fn who_matters_more_goes_first_and_among_equals_who_came_first() {
    let (bulkhead, order) = (bulkhead(1, 10), Order::default());
    let mut running = hold(&bulkhead);
    pend!(running);
    let arrivals = [Priority::Low, Priority::Normal, Priority::Critical, Priority::Normal, Priority::High];
    let mut calls = Vec::new();
    for (name, priority) in (0..).zip(arrivals) {
        let mut call = noted(bulkhead.prioritized(priority), &order, name);
        pend!(call);
        calls.push(call);
    }
    drop(running);
    drain(calls).await;
    assert_eq!(*order.borrow(), [2, 4, 1, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn where_the_queue_is_full_an_arrival_displaces_the_newest_of_the_lowest_priority() {
    let bulkhead = bulkhead(1, 3);
    let mut running = hold(&bulkhead);
    let mut first_low = hold_as(bulkhead.prioritized(Priority::Low));
    let mut normal = hold(&bulkhead);
    let mut last_low = hold_as(bulkhead.prioritized(Priority::Low));
    pend!(running, first_low, normal, last_low);
    let mut high = hold_as(bulkhead.prioritized(Priority::High));
    pend!(high);
    let displaced = Error::Shed { policy: "db".into(), reason: ShedReason::Priority, retry_after: None };
    assert_eq!(last_low.await, Err(displaced));
    pend!(first_low, normal);
    assert_eq!((counts(&bulkhead), bulkhead.snapshot().rejected), ((1, 3), 1));
    // Nobody of a lower priority than its own is there to displace.
    let refused = hold_as(bulkhead.prioritized(Priority::Low)).await.unwrap_err();
    assert!(matches!(refused, Error::BulkheadFull { queued: 3, .. }), "{refused:?}");
    drop((running, first_low, normal, high));
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_who_was_displaced_and_never_looks_leaves_nothing_behind() {
    let bulkhead = bulkhead(1, 1);
    let mut running = hold(&bulkhead);
    let mut low = hold_as(bulkhead.prioritized(Priority::Low));
    let mut high = hold_as(bulkhead.prioritized(Priority::High));
    pend!(running, low, high);
    drop(low);
    assert_eq!(counts(&bulkhead), (1, 1));
    drop((running, high));
    assert_eq!(counts(&bulkhead), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_its_equals_while_a_place_is_on_its_way_to_them() {
    let (bulkhead, order) = (bulkhead(1, 10), Order::default());
    let mut running = hold(&bulkhead);
    pend!(running);
    let mut waits = noted(bulkhead.prioritized(Priority::High), &order, 0);
    pend!(waits);
    drop(running);
    let mut newcomer = noted(bulkhead.prioritized(Priority::High), &order, 1);
    pend!(newcomer);
    drain(vec![newcomer, waits]).await;
    assert_eq!(*order.borrow(), [0, 1]);
}
