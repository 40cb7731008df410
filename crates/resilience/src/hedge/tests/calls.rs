use super::*;
use crate::{Attempt, PolicyExt};
use std::{cell::RefCell, future::ready};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_quick_call_is_not_copied() {
    let hedge = Hedge::new("h", after(50)).unwrap();
    let quick = hedge.call_idempotent(|| async {
        tokio::time::sleep(ms(49)).await;
        Ok::<_, &str>(7)
    });
    assert_eq!(quick.await, Ok(7));
    assert_eq!(hedge.stats(), HedgeStats::default());
}

/// No runtime, hence no timer: a call that is ready at once touches none.
#[test]
fn a_ready_call_needs_no_timer_and_allocates_nothing() {
    let hedge = Hedge::new("h", after(50)).unwrap();
    let mut answer = None;
    let spent = allocation_counter::measure(|| {
        let call = hedge.call_idempotent(|| ready(Ok::<_, &str>(7)));
        answer = futures::FutureExt::now_or_never(call);
    });
    assert_eq!((answer, spent.count_total), (Some(Ok(7)), 0));
}

#[tokio::test(start_paused = true)]
async fn copies_start_a_delay_apart_and_the_first_answer_wins() {
    let hedge = Hedge::new("h", after(50).max_copies(3)).unwrap();
    let (began, starts) = (Instant::now(), RefCell::new(Vec::new()));
    let starts = &starts;
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        starts.borrow_mut().push((attempt.copy(), began.elapsed()));
        // The second copy answers 20 ms after it started, the others take long.
        tokio::time::sleep(ms(if attempt.copy() == 2 { 20 } else { 10_000 })).await;
        Ok::<_, &str>(attempt.copy())
    });
    assert_eq!((answer.await, began.elapsed()), (Ok(2), ms(120)));
    assert_eq!(*starts.borrow(), [(0, ms(0)), (1, ms(50)), (2, ms(100))]);
    let stats = hedge.stats();
    assert_eq!((stats.hedged, stats.copies, stats.won_by_copy, stats.won_by_call), (1, 2, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_call_itself_may_still_win() {
    let hedge = Hedge::new("h", after(50)).unwrap();
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        tokio::time::sleep(ms(60)).await;
        Ok::<_, &str>(attempt.copy())
    });
    assert_eq!(answer.await, Ok(0));
    assert_eq!((hedge.stats().won_by_call, hedge.stats().won_by_copy), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn never_more_copies_than_configured() {
    for max in [1, 10] {
        let hedge = Hedge::new("h", after(10).max_copies(max)).unwrap();
        let alive = Cell::new(0);
        let most = Cell::new(0);
        let (alive, most) = (&alive, &most);
        let answer = hedge.call_idempotent(|| async move {
            let _alive = Alive::new(alive);
            most.set(most.get().max(alive.get()));
            tokio::time::sleep(ms(5_000)).await;
            Ok::<_, &str>(())
        });
        answer.await.unwrap();
        assert_eq!((most.get(), alive.get()), (1 + max as i32, 0));
    }
}

/// Kevlar#336: what losers hold is given back before the winner's answer is given out.
#[tokio::test(start_paused = true)]
async fn losers_are_dropped_when_one_wins() {
    use crate::telemetry::{Event, OnEvent};
    use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
    struct Running<'a>(&'a AtomicI32);
    impl Drop for Running<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Relaxed);
        }
    }
    let (running, left) = (&AtomicI32::new(0), AtomicI32::new(-1));
    let hedge = Hedge::new("h", after(50).max_copies(3)).unwrap().observe(OnEvent::new(|_: &_, event| {
        if matches!(event, Event::HedgeWon(_)) {
            left.store(running.load(Relaxed), Relaxed);
        }
    }));
    for winner in [0, 1, 3] {
        let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
            running.fetch_add(1, Relaxed);
            let _running = Running(running);
            if attempt.copy() != winner {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(ms(160)).await;
            Ok::<_, &str>(attempt.copy())
        });
        assert_eq!(answer.await, Ok(winner));
        assert_eq!(left.swap(-1, Relaxed), 0, "when {winner} won");
    }
}

/// failsafe-go#65, #123: the winner is not cancelled with the losers; its answer stays usable after the hedge is gone.
#[tokio::test(start_paused = true)]
async fn what_the_winner_answers_outlives_the_hedge() {
    let (send, body) = tokio::sync::mpsc::channel::<u32>(4);
    let body = std::sync::Mutex::new(Some(body));
    let mut body = {
        let hedge = Hedge::new("h", after(50)).unwrap();
        let answer = hedge.call_idempotent_with(|attempt: Attempt| {
            let body = &body;
            async move {
                if attempt.copy() == 0 {
                    std::future::pending::<()>().await;
                }
                Ok::<_, &str>(body.lock().unwrap().take().unwrap())
            }
        });
        answer.await.unwrap()
    };
    send.send(7).await.unwrap();
    assert_eq!(body.recv().await, Some(7));
}

/// Polled `k` times and dropped, for every `k`: no copy lives on.
#[tokio::test(start_paused = true)]
async fn polled_so_often_and_dropped_it_leaves_nothing_running() {
    let bulkhead = crate::Bulkhead::new("k", crate::BulkheadConfig::FAST).unwrap();
    let guard = (Hedge::new("h", after(20).max_copies(4)).unwrap(), &bulkhead);
    let alive = Cell::new(0);
    let alive = &alive;
    let mut polls = 0;
    for k in 0.. {
        let call = guard.call_idempotent_with(|attempt: Attempt| async move {
            let _alive = Alive::new(alive);
            tokio::task::yield_now().await;
            tokio::time::sleep(ms(25)).await;
            if attempt.copy() < 4 { Err("down") } else { Ok(()) }
        });
        let mut call = Box::pin(call);
        let mut ended = false;
        for _ in 0..k {
            ended = futures::poll!(call.as_mut()).is_ready();
            if ended {
                break;
            }
            tokio::time::advance(ms(5)).await;
        }
        drop(call);
        assert_eq!((alive.get(), bulkhead.snapshot().running), (0, 0), "after {k} polls");
        if ended {
            polls = k;
            break;
        }
    }
    assert!(polls > 10, "{polls}");
}

#[test]
fn never_polled_it_starts_nothing() {
    let hedge = Hedge::new("h", after(0)).unwrap();
    let started = Cell::new(false);
    drop(hedge.call_idempotent(|| {
        started.set(true);
        ready(Ok::<_, &str>(()))
    }));
    assert!(!started.get());
}

#[tokio::test(start_paused = true)]
async fn it_is_send_in_spawn() {
    let spawned = tokio::spawn(async {
        let guard = (Hedge::new("h", after(5)).unwrap(), crate::Timeout::new("t", ms(500)).unwrap());
        let text = String::from("borrowed");
        let text = &text;
        guard
            .call_idempotent_with(|attempt| async move {
                tokio::time::sleep(ms(if attempt.copy() == 0 { 400 } else { 1 })).await;
                Ok::<_, &str>(text.len())
            })
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(8));
}
