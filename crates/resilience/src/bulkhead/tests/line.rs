use super::*;
use tokio::time::advance;

fn with(discipline: Discipline, max_queued: usize) -> Bulkhead {
    Bulkhead::new("db", small(1, max_queued).discipline(discipline)).unwrap()
}

async fn waiting<'p>(bulkhead: &'p Bulkhead, order: &'p Order, count: u32) -> Vec<Held<'p>> {
    let mut calls = Vec::new();
    for name in 0..count {
        let mut call = noted(bulkhead.prioritized(Priority::Normal), order, name);
        pend!(call);
        calls.push(call);
    }
    calls
}

/// goresilience#10: newest first, but only once the queue shows overload.
#[tokio::test(start_paused = true)]
async fn adaptive_lifo_serves_the_newest_while_many_wait_and_the_eldest_while_few_do() {
    let (bulkhead, order) = (with(Discipline::AdaptiveLifo { fifo_up_to: 2 }, 10), Order::default());
    let mut running = hold(&bulkhead);
    pend!(running);
    let calls = waiting(&bulkhead, &order, 5).await;
    drop(running);
    drain(calls).await;
    assert_eq!(*order.borrow(), [4, 3, 2, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn codel_lets_a_burst_wait_and_sheds_from_a_queue_that_stands() {
    let codel = Discipline::Codel { target: Duration::from_millis(5), interval: Duration::from_millis(100) };
    let bulkhead = with(codel, 100);
    let mut running = hold(&bulkhead);
    pend!(running);
    let mut line: Vec<_> = (0..30).map(|_| hold(&bulkhead)).collect();
    for call in &mut line {
        pend!(call);
    }
    // A place every 20 ms: every wait is above the target. Within the first interval nobody is shed.
    let mut line = line.into_iter();
    for _ in 0..5 {
        advance(Duration::from_millis(20)).await;
        running = line.next().unwrap();
        pend!(running);
    }
    assert_eq!(counts(&bulkhead), (1, 25));
    advance(Duration::from_millis(20)).await;
    // The interval is over, and everybody who waits has waited for more than twice the target.
    drop(running);
    let mut shed = 0;
    for mut call in line {
        if let std::task::Poll::Ready(ended) = futures::poll!(call.as_mut()) {
            let overdue = Error::Shed { policy: "db".into(), reason: ShedReason::Overdue, retry_after: None };
            assert_eq!(ended, Err(overdue));
            shed += 1;
        }
    }
    assert_eq!((shed, bulkhead.snapshot().rejected, counts(&bulkhead)), (25, 25, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn codel_forgets_a_queue_that_ran_empty() {
    let codel = Discipline::Codel { target: Duration::from_millis(5), interval: Duration::from_millis(100) };
    let (bulkhead, order) = (with(codel, 100), Order::default());
    for round in 1..=20 {
        let mut running = hold(&bulkhead);
        pend!(running);
        let calls = waiting(&bulkhead, &order, 1).await;
        advance(Duration::from_millis(60)).await;
        drop(running);
        drain(calls).await;
        assert_eq!(order.borrow().len(), round, "a call alone in line is no standing queue");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_known_how_long_the_longest_wait_is() {
    let bulkhead = bulkhead(1, 10);
    let (mut running, mut eldest, mut newest) = (hold(&bulkhead), hold(&bulkhead), hold(&bulkhead));
    pend!(running, eldest);
    advance(Duration::from_secs(3)).await;
    pend!(newest);
    advance(Duration::from_secs(1)).await;
    assert_eq!(bulkhead.snapshot().longest_wait, Duration::from_secs(4));
    drop(eldest);
    assert_eq!(bulkhead.snapshot().longest_wait, Duration::from_secs(1));
    drop(newest);
    assert_eq!(bulkhead.snapshot().longest_wait, Duration::ZERO);
}

/// concurrency-limits#70: a waiter is woken by the place that became free for it.
#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_through_two_places_all_come_to_run() {
    let bulkhead = std::sync::Arc::new(bulkhead(2, 1_000));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..1_000_u64 {
        let bulkhead = bulkhead.clone();
        tasks.spawn(async move {
            let call = bulkhead.call(|| async move {
                tokio::time::sleep(Duration::from_millis(n % 3)).await;
                Ok::<_, &str>(())
            });
            // Every seventh gives up at some point on its way.
            tokio::time::timeout(Duration::from_millis(if n % 7 == 0 { n % 50 } else { 1 << 20 }), call).await
        });
    }
    let ran = tasks.join_all().await.into_iter().filter(|ended| matches!(ended, Ok(Ok(())))).count();
    assert!(ran >= 1_000 - 143, "{ran} ran");
    assert_eq!(counts(&bulkhead), (0, 0));
}

/// Threads, cancellations and a limit that moves, all at once: never more than the highest limit, and nothing left over.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_threads_no_place_is_lost_or_given_twice() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let bulkhead = std::sync::Arc::new(bulkhead(3, 1_000));
    let (running, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let counts_of = std::sync::Arc::new((running, peak));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u64 {
        let (bulkhead, counts) = (bulkhead.clone(), counts_of.clone());
        tasks.spawn(async move {
            let mut draws = fastrand::Rng::with_seed(task);
            for _ in 0..2_000 {
                if draws.u8(..) < 8 {
                    bulkhead.reconfigure(small(draws.usize(1..=3), 1_000)).unwrap();
                }
                let (polls, priority) = (draws.usize(1..6), Priority::ALL[draws.usize(..4)]);
                let view = bulkhead.prioritized(priority);
                let mut call = Box::pin(view.call(|| async {
                    counts.1.fetch_max(counts.0.fetch_add(1, SeqCst) + 1, SeqCst);
                    let _leaves = Leaves(&counts.0);
                    tokio::task::yield_now().await;
                    Ok::<_, &str>(())
                }));
                if draws.bool() {
                    call.await.unwrap();
                } else {
                    for _ in 0..polls {
                        if futures::poll!(call.as_mut()).is_ready() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    assert!((1..=3).contains(&counts_of.1.load(SeqCst)), "{counts_of:?}");
    assert_eq!((counts(&bulkhead), counts_of.0.load(SeqCst)), ((0, 0), 0));
}

struct Leaves<'a>(&'a std::sync::atomic::AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }
}
