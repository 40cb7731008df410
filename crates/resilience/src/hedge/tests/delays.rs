use super::*;
use crate::{Attempt, Describe, PolicyExt};
use std::cell::RefCell;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn without_delay_all_start_at_once() {
    let hedge = Hedge::new("h", after(0).max_copies(2)).unwrap();
    let (began, starts) = (Instant::now(), RefCell::new(Vec::new()));
    let starts = &starts;
    let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
        starts.borrow_mut().push((attempt.copy(), began.elapsed()));
        tokio::time::sleep(ms(100 - u64::from(attempt.copy()) * 10)).await;
        Ok::<_, &str>(attempt.copy())
    });
    assert_eq!((answer.await, began.elapsed()), (Ok(2), ms(80)));
    assert_eq!(*starts.borrow(), [0, 1, 2].map(|copy| (copy, ms(0))));
}

async fn calls(hedge: &Hedge, took: impl IntoIterator<Item = u64>) {
    for took in took {
        let call = hedge.call_idempotent(|| async move {
            tokio::time::sleep(ms(took)).await;
            Ok::<_, &str>(())
        });
        call.await.unwrap();
    }
}

/// A latency within two digits, as the histogram keeps it.
fn about(expected: u64, found: Duration) -> bool {
    found >= ms(expected) && found <= ms(expected).mul_f64(1.02)
}

#[tokio::test(start_paused = true)]
async fn the_delay_follows_the_observed_percentile() {
    let config = after(3_000).percentile(0.9).min_calls(100);
    let hedge = Hedge::new("h", config).unwrap();
    calls(&hedge, 1..=99).await;
    assert_eq!(hedge.delay(), ms(3_000), "until enough calls were seen");
    calls(&hedge, [100]).await;
    assert!(about(90, hedge.delay()), "{:?}", hedge.delay());
    assert_eq!(hedge.stats().copies, 0);
    calls(&hedge, [89, 95]).await;
    assert_eq!(hedge.stats().copies, 1, "of the one that took longer than nine tenths do");
}

/// What is older than the window is forgotten.
#[tokio::test(start_paused = true)]
async fn the_delay_forgets_what_is_older_than_the_window() {
    let config = after(3_000).percentile(0.5).min_calls(10).window(Duration::from_secs(10));
    let hedge = Hedge::new("h", config).unwrap();
    calls(&hedge, std::iter::repeat_n(400, 10)).await;
    assert!(about(400, hedge.delay()), "{:?}", hedge.delay());
    tokio::time::sleep(Duration::from_secs(11)).await;
    calls(&hedge, std::iter::repeat_n(20, 9)).await;
    assert_eq!(hedge.delay(), ms(3_000), "nine calls are too few to say");
    calls(&hedge, [20]).await;
    assert!(about(20, hedge.delay()), "{:?}", hedge.delay());
}

/// Also under steady traffic: what was observed two halves of a window ago is gone.
#[tokio::test(start_paused = true)]
async fn the_delay_forgets_under_steady_traffic_too() {
    let config = after(3_000).percentile(0.99).min_calls(10).window(Duration::from_secs(10));
    let hedge = Hedge::new("h", config).unwrap();
    calls(&hedge, std::iter::repeat_n(400, 12)).await;
    calls(&hedge, std::iter::repeat_n(20, 200)).await;
    assert!(about(400, hedge.delay()), "{:?}", hedge.delay());
    calls(&hedge, std::iter::repeat_n(20, 500)).await;
    assert!(about(20, hedge.delay()), "{:?}", hedge.delay());
}

/// A call that a copy overtook counts as long as it had taken by then. Were it left out, the slow calls would vanish from the
/// percentile, and ever more would be copied.
#[tokio::test(start_paused = true)]
async fn copying_slow_calls_does_not_drag_the_percentile_down() {
    let config = after(3_000).percentile(0.9).min_calls(100).window(Duration::from_secs(3_600));
    let hedge = Hedge::new("h", config).unwrap();
    for call in 0..2_000_u64 {
        let answer = hedge.call_idempotent_with(|attempt: Attempt| async move {
            // Calls take 1 to 100 ms in a mixed order, copies 1 ms.
            let took = if attempt.copy() == 0 { call * 37 % 100 + 1 } else { 1 };
            tokio::time::sleep(ms(took)).await;
            Ok::<_, &str>(())
        });
        answer.await.unwrap();
    }
    let share = hedge.stats().hedged as f64 / 1_900.0;
    assert!((0.07..0.13).contains(&share), "{share} of the calls were copied");
    assert!(hedge.delay() > ms(85) && hedge.delay() < ms(95), "{:?}", hedge.delay());
}

#[test]
fn the_bound_counts_copies_side_by_side() {
    let limit = || crate::Timeout::new("t", ms(1_000)).unwrap();
    let bound = |config| (Hedge::new("h", config).unwrap(), limit()).bound();
    assert_eq!(
        (bound(after(50).max_copies(3)).attempts, bound(after(50).max_copies(3)).time),
        (4, Some(ms(1_150)))
    );
    assert_eq!(bound(after(0).only_after_failure(true)).time, Some(ms(2_000)));
    assert_eq!(bound(after(0).shadow(true)).attempts, 1);
}
