//! A pool that finds its own size.

use std::sync::Arc;
use std::time::Duration;

use mainstay_pool::monitor::Timings;
use mainstay_pool::sizing::{AdaptiveConfig, Decision, Reason, Sizer};
use mainstay_pool::{LaneConfig, Manager, Pool, PoolConfig};
use tokio::time::sleep;

use crate::fake::{Fake, Handle, config, ms, secs, settle};

type Timed = Pool<Handle, Arc<Timings>>;

fn timed(fake: &Arc<Fake>, config: PoolConfig) -> (Timed, Arc<Timings>) {
    let timings = Arc::new(Timings::default());
    (fake.builder(config).observer(Arc::clone(&timings)).build().unwrap(), timings)
}

fn quick(max: usize) -> AdaptiveConfig {
    AdaptiveConfig::default().max(max).window(ms(100)).cooldown(Duration::ZERO)
}

/// So many callers who hold a connection for as long as `hold` says of those in use, and ask again at once.
fn callers(pool: &Timed, count: usize, hold: fn(usize) -> Duration) -> Vec<tokio::task::JoinHandle<()>> {
    let caller = || {
        let pool = pool.clone();
        tokio::spawn(async move {
            while let Ok(guard) = pool.get().await {
                sleep(hold(pool.status().in_use)).await;
                drop(guard);
            }
        })
    };
    (0..count).map(|_| caller()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_begins_at_the_minimum_and_grows_to_what_the_callers_use() {
    let fake = Fake::new();
    let (pool, timings) = timed(&fake, config(50));
    let sizer = Sizer::start(&pool, timings, quick(50)).unwrap();
    assert_eq!((pool.status().max, sizer.last()), (2, None));
    callers(&pool, 12, |_| ms(5));
    sleep(secs(10)).await;
    let max = pool.status().max;
    // Twelve in use, twice the root of it to spare, and one, not closed again for a tenth.
    assert!((20..=22).contains(&max), "{max}");
    assert_eq!(sizer.last().unwrap().reason, Reason::Steady);
}

#[tokio::test(start_paused = true)]
async fn it_stops_where_the_server_is_crowded() {
    let fake = Fake::new();
    let (pool, timings) = timed(&fake, config(50));
    let sizer = Sizer::start(&pool, timings, quick(50)).unwrap();
    callers(&pool, 60, |in_use| ms(5).mul_f64((in_use as f64 / 8.0).max(1.0)));
    let (mut decisions, mut reasons, mut sizes) = (sizer.decisions(), Vec::new(), Vec::new());
    for _ in 0..200 {
        decisions.changed().await.unwrap();
        let Decision { to, reason, .. } = decisions.borrow_and_update().clone().unwrap();
        assert_eq!(pool.status().max, to);
        reasons.push(reason);
        sizes.push(to);
    }
    assert!(reasons.contains(&Reason::Crowded), "{reasons:?}");
    assert!(sizes[50..].iter().all(|size| (11..=20).contains(size)), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_recommends_and_changes_nothing() {
    let fake = Fake::new();
    let (pool, timings) = timed(&fake, config(30));
    let sizer = Sizer::start(&pool, timings, quick(50).dry_run(true)).unwrap();
    callers(&pool, 3, |_| ms(5));
    sleep(secs(10)).await;
    let decision = sizer.last().unwrap();
    assert_eq!((decision.from, pool.status().max), (30, 30));
    // Three in use, twice the root of it to spare, one, and the smoothing's last fraction.
    assert_eq!((decision.to, decision.reason), (8, Reason::NeedsLess), "{decision}");
}

#[derive(Debug, thiserror::Error)]
#[error("too many connections")]
struct TooMany;

/// A server that takes no more than eight.
struct Eight(Arc<()>);

impl Manager for Eight {
    type Connection = Arc<()>;
    type Error = TooMany;

    async fn connect(&self) -> Result<Arc<()>, TooMany> {
        if Arc::strong_count(&self.0) > 8 { Err(TooMany) } else { Ok(Arc::clone(&self.0)) }
    }

    async fn check(&self, _: &mut Arc<()>) -> Result<(), TooMany> {
        Ok(())
    }

    fn is_too_many_connections(&self, TooMany: &TooMany) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_more_has_the_pool_shrink() {
    let timings = Arc::new(Timings::default());
    let pool = Pool::builder("eight", Eight(Arc::default()), config(50))
        .observer(Arc::clone(&timings))
        .build()
        .unwrap();
    let sizer = Sizer::start(&pool, Arc::clone(&timings), quick(50)).unwrap();
    for _ in 0..20 {
        let pool = pool.clone();
        tokio::spawn(async move {
            while let Ok(guard) = pool.get().await {
                sleep(ms(2)).await;
                drop(guard);
            }
        });
    }
    let mut decisions = sizer.decisions();
    let refused = decisions.wait_for(|last| last.as_ref().is_some_and(|last| last.reason == Reason::Refused));
    let to = refused.await.unwrap().as_ref().map(|decision| decision.to).unwrap();
    assert!(to < 8, "{to}");
    assert!(timings.totals().too_many > 0);
    sleep(secs(20)).await;
    assert_eq!(pool.status().max, to, "it does not try again so soon");
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_handle_and_with_the_pool() {
    let fake = Fake::new();
    let (pool, timings) = timed(&fake, config(50));
    let sizer = Sizer::start(&pool, Arc::clone(&timings), quick(50)).unwrap();
    let mut decisions = sizer.decisions();
    drop(sizer);
    settle().await;
    assert!(decisions.changed().await.is_err(), "the handle is gone");
    assert_eq!(pool.status().max, 2, "and the size stays");

    let sizer = Sizer::start(&pool, timings, quick(50)).unwrap();
    let mut decisions = sizer.decisions();
    drop(pool);
    while decisions.changed().await.is_ok() {}
    assert_eq!(fake.open.load(std::sync::atomic::Ordering::SeqCst), 0, "it did not keep the pool alive");
}

#[tokio::test(start_paused = true)]
async fn what_it_may_not_be_is_refused_at_the_start() {
    let fake = Fake::new();
    let lane = LaneConfig::default().guaranteed(5);
    let (pool, timings) = timed(&fake, config(20).lane("orders", lane));
    for dry_run in [false, true] {
        let config = quick(50).dry_run(dry_run);
        let error = Sizer::start(&pool, Arc::clone(&timings), config).unwrap_err();
        assert_eq!(error.to_string(), "pool configuration: max = 2, allowed is 6 to 10000");
    }
    assert!(Sizer::start(&pool, Arc::clone(&timings), quick(1)).is_err(), "the minimum is above");
    assert_eq!(pool.status().max, 20);
    Sizer::start(&pool, timings, quick(50).min(6)).unwrap();
}
