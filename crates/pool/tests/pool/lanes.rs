//! Purposes that share one maximum.

use std::pin::pin;

use futures::{FutureExt, poll};
use mainstay_pool::{ConfigError, Guard, Lane, LaneConfig, PoolConfig};

use crate::fake::{Act, Fake, Handle, config, ms, settle};

async fn take(lane: &Lane<Handle>, count: usize) -> Vec<Guard<Handle>> {
    let mut guards = Vec::new();
    for _ in 0..count {
        guards.push(lane.get().await.unwrap());
    }
    guards
}

/// Four connections: orders may count on two, reports may have three.
fn shared() -> PoolConfig {
    config(4)
        .lane("orders", LaneConfig::default().guaranteed(2))
        .lane("reports", LaneConfig::default().cap(3))
}

#[tokio::test(start_paused = true)]
async fn a_guarantee_is_kept_free_for_its_lane() {
    let fake = Fake::new();
    let pool = fake.pool(shared());
    let (orders, reports) = (pool.lane("orders").unwrap(), pool.lane("reports").unwrap());
    let _out = take(&reports, 2).await;
    let mut third = pin!(reports.get());
    assert!(poll!(third.as_mut()).is_pending());
    settle().await;
    assert!(poll!(third.as_mut()).is_pending(), "the rest is guaranteed to orders");
    assert_eq!((fake.connects(), pool.status().connecting), (2, 0), "nothing is connected for nobody");
    let both = take(&orders, 2).await;
    assert_eq!(pool.status().in_use, 4);
    drop(both);
    assert!(poll!(third.as_mut()).is_pending(), "back in reserve");
    assert_eq!((pool.status().idle, pool.status().waiting), (2, 1));
    assert!(reports.try_get().is_none() && pool.try_get().is_none());
    assert!(orders.try_get().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_lane_at_its_cap_leaves_the_rest_to_others() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).lane("reports", LaneConfig::default().cap(1)));
    let reports = pool.lane("reports").unwrap();
    let report = reports.get().await.unwrap();
    let mut capped = pin!(reports.get());
    assert!(poll!(capped.as_mut()).is_pending());
    // A caller of another lane passes: the line of reports holds up reports only.
    let other = pool.get().await.unwrap();
    drop(other);
    assert!(poll!(capped.as_mut()).is_pending(), "what comes back from elsewhere is not for it");
    assert_eq!((pool.status().idle, pool.status().waiting), (1, 1));
    drop(report);
    assert!(capped.now_or_never().expect("its own has come back").is_ok());
}

#[tokio::test(start_paused = true)]
async fn of_lanes_that_hold_as_much_the_first_come_is_first_served() {
    let fake = Fake::new();
    let pool =
        fake.pool(config(1).lane("orders", LaneConfig::default()).lane("reports", LaneConfig::default()));
    let (orders, reports) = (pool.lane("orders").unwrap(), pool.lane("reports").unwrap());
    let held = pool.get().await.unwrap();
    let mut line: Vec<_> = vec![
        ("report", reports.get().boxed()),
        ("order", orders.get().boxed()),
        ("other", pool.get().boxed()),
        ("order", orders.get().boxed()),
        ("report", reports.get().boxed()),
    ];
    for (_, get) in &mut line {
        assert!(poll!(get.as_mut()).is_pending());
    }
    drop(held);
    for (place, (who, get)) in line.into_iter().enumerate() {
        let guard = get.now_or_never().unwrap_or_else(|| panic!("{who}, number {place}, is next"));
        drop(guard.unwrap());
    }
    assert_eq!(fake.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_lane_that_holds_the_fewest_comes_first() {
    let fake = Fake::new();
    let pool =
        fake.pool(config(3).lane("orders", LaneConfig::default()).lane("reports", LaneConfig::default()));
    let (orders, reports) = (pool.lane("orders").unwrap(), pool.lane("reports").unwrap());
    let mut out = take(&reports, 3).await;
    let (mut report, mut order) = (pin!(reports.get()), pin!(orders.get()));
    assert!(poll!(report.as_mut()).is_pending());
    assert!(poll!(order.as_mut()).is_pending());
    out.pop();
    assert!(poll!(report.as_mut()).is_pending());
    assert!(order.now_or_never().expect("orders hold none, reports two").is_ok());
}

/// gel#6813: blocks of connections for each database starved each other.
#[tokio::test(start_paused = true)]
async fn a_flood_in_one_lane_starves_no_other() {
    let fake = Fake::new();
    let pool = fake.pool(shared().lane("batch", LaneConfig::default().cap(2)));
    let flood = pool.lane("batch").unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let flood = flood.clone();
            tokio::spawn(async move {
                let _guard = flood.get().await.unwrap();
                tokio::time::sleep(ms(50)).await;
            })
        })
        .collect();
    settle().await;
    let (orders, reports) = (pool.lane("orders").unwrap(), pool.lane("reports").unwrap());
    for _ in 0..20 {
        let asked = tokio::time::Instant::now();
        let order = orders.get().await.unwrap();
        assert_eq!(asked.elapsed(), ms(0), "within its guarantee");
        tokio::time::sleep(ms(5)).await;
        drop(order);
    }
    let asked = tokio::time::Instant::now();
    let report = reports.get().await.unwrap();
    assert!(
        asked.elapsed() <= ms(50),
        "for one batch to end and not for all that came before: {:?}",
        asked.elapsed()
    );
    drop(report);
    for task in tasks {
        task.await.unwrap();
    }
    let status = pool.status();
    assert!(status.lanes.iter().all(|lane| lane.in_use == 0 && lane.waiting == 0), "{status:?}");
    assert!(status.size <= 4);
}

#[tokio::test(start_paused = true)]
async fn connects_are_made_only_for_those_who_may_have_them() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let pool = fake.pool(config(8).max_connecting(8).lane("reports", LaneConfig::default().cap(2)));
    let reports = pool.lane("reports").unwrap();
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let reports = reports.clone();
            tokio::spawn(async move { drop(reports.get().await.unwrap()) })
        })
        .collect();
    settle().await;
    assert_eq!((fake.connects(), pool.status().waiting), (2, 6));
    fake.gate.add_permits(2);
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(fake.connects(), 2);
}

#[tokio::test(start_paused = true)]
async fn limits_can_change_while_callers_wait() {
    let fake = Fake::new();
    let pool = fake.pool(shared());
    let reports = pool.lane("reports").unwrap();
    let _out = take(&reports, 2).await;
    let mut third = pin!(reports.get());
    assert!(poll!(third.as_mut()).is_pending());
    pool.reconfigure(config(4).lane("reports", LaneConfig::default().cap(3))).unwrap();
    assert!(third.await.is_ok(), "nothing is guaranteed to orders any more");
    let lanes = pool.status().lanes;
    let reports = lanes.iter().find(|lane| &*lane.name == "reports").unwrap();
    assert_eq!((reports.in_use, reports.cap, reports.guaranteed), (2, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_who_leaves_makes_way_for_other_lanes() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).lane("reports", LaneConfig::default()));
    let reports = pool.lane("reports").unwrap();
    let held = pool.get().await.unwrap();
    let mut leaver = Box::pin(reports.get());
    assert!(poll!(leaver.as_mut()).is_pending());
    let mut next = pin!(pool.get());
    assert!(poll!(next.as_mut()).is_pending());
    drop(held);
    drop(leaver);
    assert!(next.now_or_never().expect("passed on").is_ok());
    assert!(pool.status().lanes.iter().all(|lane| lane.in_use == 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_prepared_in_a_lane_counts_in_it() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(2).lane("reports", LaneConfig::default().cap(1)));
    let reports = pool.lane("reports").unwrap();
    let held = reports.get_prepared(fake.hook("tenant", |fake| &fake.check)).await.unwrap();
    assert_eq!(fake.hooks(), ["after_connect", "before_acquire", "tenant"]);
    let mut next = pin!(reports.get_prepared(fake.hook("tenant", |fake| &fake.check)));
    assert!(poll!(next.as_mut()).is_pending());
    settle().await;
    assert!(poll!(next.as_mut()).is_pending(), "the cap");
    drop(held);
    assert!(next.await.is_ok());
}

#[tokio::test]
async fn an_unknown_lane_is_told_with_the_known_ones() {
    let pool = Fake::new().pool(shared());
    let error = pool.lane("report").unwrap_err();
    assert!(matches!(error, ConfigError::UnknownLane { .. }));
    assert!(error.to_string().contains("no lane `report`, only orders, reports"), "{error}");
    assert!(pool.resize(1).unwrap_err().to_string().contains("allowed is 3 to"), "the guarantee stays");
}
