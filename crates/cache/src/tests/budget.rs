//! The load budget: bounded at once, bounded in line, bounded in waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::world::{pass, seconds};
use crate::{
    Cache, FailSafe, FleetAnswer, FleetBudget, Freshness, LoadBudget, LoadError, Region, RegionOptions, Why,
};

async fn region(budget: LoadBudget) -> Region<u64, u64> {
    let cache = Cache::builder("cold").load_budget(budget).build().await.unwrap();
    let fail_safe = FailSafe::default().throttle(seconds(1));
    cache.region("k", RegionOptions::default().ttl(seconds(10)).fail_safe(fail_safe)).unwrap()
}

async fn slow(key: u64) -> Result<u64, &'static str> {
    tokio::time::sleep(seconds(1)).await;
    Ok(key)
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_meets_the_source_with_so_many_loads_at_once() {
    let values = region(LoadBudget::default().in_process(4).queue(1_000).wait(seconds(60))).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for key in 0..40 {
        let (values, running, most) = (values.clone(), running.clone(), most.clone());
        tasks.spawn(async move {
            let load = values.get_or_load(&key, move |_| async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(seconds(1)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<u64, &'static str>(key)
            });
            load.await.unwrap();
        });
    }
    let began = Instant::now();
    tasks.join_all().await;
    assert_eq!((most.load(Ordering::SeqCst), began.elapsed()), (4, seconds(10)));
}

#[tokio::test(start_paused = true)]
async fn a_full_line_and_a_long_wait_end_in_an_error_or_an_old_value() {
    let values = region(LoadBudget::default().in_process(1).queue(1).wait(Duration::from_millis(300))).await;
    values.get_or_load(&9, |_| slow(9)).await.unwrap();
    pass(seconds(11)).await;
    let mut leading = std::pin::pin!(values.get_or_load(&1, |_| slow(1)));
    assert!(futures::poll!(&mut leading).is_pending());
    let mut waiting = std::pin::pin!(values.get_or_load(&2, |_| slow(2)));
    assert!(futures::poll!(&mut waiting).is_pending());
    let began = Instant::now();
    let error = values.get_or_load(&3, |_| slow(3)).await.unwrap_err();
    assert!(error.is_budget_exhausted() && began.elapsed().is_zero(), "no place in line");
    assert_eq!(error.to_string(), "loading `k:3` was not begun: the load budget is used up");
    let old = values.get_or_load_hit(&9, |_| slow(9)).await.unwrap();
    assert_eq!(old.freshness, Freshness::Stale { why: Why::BudgetExhausted });
    assert!(waiting.await.unwrap_err().is_budget_exhausted());
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    assert_eq!(*leading.await.unwrap(), 1);
    assert_eq!(*values.get_or_load(&3, |_| slow(3)).await.unwrap(), 3, "places are given back");
    assert_eq!(values.stats().budget_exhausted, 3);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_gives_back_its_place_in_line_and_a_borrowing_one_its_place() {
    let values = region(LoadBudget::default().in_process(1).queue(1).wait(seconds(60))).await;
    for _ in 0..10 {
        let mut leading = Box::pin(values.get_or_load_borrowed(&1, |_| slow(1)));
        assert!(futures::poll!(&mut leading).is_pending());
        let mut waiting = Box::pin(values.get_or_load_borrowed(&2, |_| slow(2)));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert!(values.get_or_load(&3, |_| slow(3)).await.unwrap_err().is_budget_exhausted());
        drop(waiting);
        let mut waiting = Box::pin(values.get_or_load_borrowed(&2, |_| slow(2)));
        assert!(futures::poll!(&mut waiting).is_pending());
        drop((leading, waiting));
    }
    assert_eq!(*values.get_or_load(&1, |_| slow(1)).await.unwrap(), 1);
}

/// Grants three, then asks for patience.
#[derive(Debug, Default)]
struct Three {
    asked: AtomicU32,
    away: bool,
}

impl FleetBudget for Three {
    fn try_acquire(&self, loads: u32) -> BoxFuture<'_, FleetAnswer> {
        Box::pin(async move {
            if self.away {
                return FleetAnswer::Unavailable;
            }
            if self.asked.fetch_add(loads, Ordering::SeqCst) < 3 {
                FleetAnswer::Granted
            } else {
                FleetAnswer::RetryAfter(seconds(30))
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_fleets_budget_is_asked_and_its_absence_borne() {
    for away in [false, true] {
        let cache = Cache::builder("fleet").fleet_budget(Arc::new(Three { away, ..Three::default() }));
        let values: Region<u64, u64> =
            cache.build().await.unwrap().region("k", RegionOptions::default()).unwrap();
        for key in 0..3 {
            values.get_or_load(&key, move |_| slow(key)).await.unwrap();
        }
        match values.get_or_load(&3, |_| slow(3)).await {
            Ok(value) => assert!(away && *value == 3),
            Err(LoadError::BudgetExhausted { retry_after, .. }) => {
                assert!(!away && retry_after == Some(seconds(30)));
            }
            Err(other) => panic!("{other}"),
        }
    }
}
