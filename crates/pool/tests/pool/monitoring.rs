//! What a monitor makes of a pool.

use std::sync::Arc;
use std::time::Duration;

use mainstay_pool::monitor::{
    Gauges, Health, HealthConfig, Issue, Monitor, MonitorConfig, Reading, Timings, TimingsConfig,
};
use mainstay_pool::{CloseReason, Observer, Pool, PoolConfig, WaitEnd};

use crate::fake::{Act, Fake, Handle, config, ms, secs, settle};

type Watched = Monitor<Pool<Handle, Arc<Timings>>>;

fn monitored(fake: &Arc<Fake>, config: PoolConfig) -> (Pool<Handle, Arc<Timings>>, Watched) {
    let timings = Arc::new(Timings::default());
    let pool = fake.builder(config).observer(Arc::clone(&timings)).build().unwrap();
    let monitor = Monitor::new("fake", pool.clone(), MonitorConfig::default()).unwrap().timings(timings);
    (pool, monitor)
}

fn issues(monitor: &Watched) -> Vec<Issue> {
    let Health { healthy, issues, .. } = monitor.health(&HealthConfig::default());
    assert_eq!(healthy, issues.iter().all(Issue::is_advice));
    issues
}

/// influxdb_iox#4480: waiting, connecting and testing were one figure, which told nothing.
#[tokio::test(start_paused = true)]
async fn each_phase_has_percentiles_of_its_own() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Take(ms(150)));
    fake.set(&fake.check, Act::Take(ms(20)));
    let timings = Arc::new(Timings::default());
    let pool = fake.builder(config(1)).observer(Arc::clone(&timings)).build().unwrap();
    for _ in 0..2 {
        let guard = pool.get().await.unwrap();
        tokio::time::advance(ms(7)).await;
        drop(guard);
        tokio::time::sleep(secs(1)).await;
    }
    let longest =
        [timings.wait(), timings.connect(), timings.validate(), timings.hold()].map(|phase| phase.max);
    assert_eq!(longest, [ms(150), ms(150), ms(20), ms(7)]);
    let counts =
        [timings.wait(), timings.connect(), timings.validate(), timings.hold()].map(|phase| phase.count);
    assert_eq!(counts, [2, 1, 1, 2]);
    let totals = timings.totals();
    assert_eq!((totals.served, totals.connects, totals.holds, totals.held), (2, 1, 2, ms(14)));
}

#[tokio::test(start_paused = true)]
async fn percentiles_are_those_of_what_was_recorded() {
    let timings = Timings::default();
    for millis in 1..=1000 {
        timings.held(ms(millis));
    }
    let hold = timings.hold();
    assert_eq!((hold.count, hold.max, hold.mean), (1000, secs(1), Duration::from_micros(500_500)));
    for (found, exact) in [(hold.p50, ms(500)), (hold.p95, ms(950)), (hold.p99, ms(990))] {
        assert!(found.abs_diff(exact) <= exact / 100, "{found:?} for {exact:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_window_is_forgotten_and_totals_are_not() {
    let timings = Timings::new(TimingsConfig::default().window(secs(60)).sub_windows(6)).unwrap();
    timings.held(secs(3));
    tokio::time::advance(secs(49)).await;
    timings.held(ms(1));
    assert_eq!((timings.hold().count, timings.hold().max), (2, secs(3)));
    tokio::time::advance(secs(12)).await;
    assert_eq!((timings.hold().count, timings.hold().max), (1, ms(1)));
    tokio::time::advance(secs(600)).await;
    assert_eq!(timings.hold(), Default::default());
    assert_eq!(timings.totals().holds, 2);
}

#[tokio::test(start_paused = true)]
async fn times_beyond_what_a_histogram_holds_are_kept_as_its_longest() {
    let timings = Timings::default();
    timings.held(Duration::MAX);
    timings.held(Duration::MAX);
    let hold = timings.hold();
    assert_eq!((hold.count, hold.max), (2, Duration::MAX));
    assert!(hold.p50 >= secs(3550), "{hold:?}");
}

#[tokio::test(start_paused = true)]
async fn every_event_is_in_the_totals() {
    let timings = Timings::default();
    for end in [WaitEnd::Served, WaitEnd::TimedOut, WaitEnd::Cancelled, WaitEnd::Refused] {
        timings.waited(ms(1), end);
    }
    timings.connected(ms(1), true);
    timings.connected(ms(1), false);
    timings.refused_as_too_many();
    timings.validated(ms(1), false);
    timings.closed(CloseReason::Idle);
    let totals = timings.totals();
    assert_eq!((totals.served, totals.timed_out, totals.cancelled, totals.turned_away), (1, 1, 1, 1));
    assert_eq!((totals.connects, totals.failed_connects, totals.too_many), (1, 1, 1));
    assert_eq!((totals.failed_checks, totals.closed, totals.holds), (1, 1, 0));
    assert_eq!((timings.wait().failed, timings.connect().failed, timings.validate().failed), (3, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pair_of_observers_is_told_alike() {
    let fake = Fake::new();
    let (one, two) = (Arc::new(Timings::default()), Arc::new(Timings::default()));
    let pool = fake.builder(config(1)).observer((Arc::clone(&one), ((), Arc::clone(&two)))).build().unwrap();
    drop(pool.get().await.unwrap());
    assert_eq!(one.totals(), two.totals());
    assert_eq!((one.totals().served, one.totals().connects, one.totals().holds), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_serves_is_well() {
    let fake = Fake::new();
    let (pool, monitor) = monitored(&fake, config(2));
    drop(pool.get().await.unwrap());
    monitor.read();
    assert_eq!(issues(&monitor), []);
    assert_eq!(monitor.health(&HealthConfig::default()).to_string(), "pool `fake` is well");
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_a_free_connection_is_exhausted_while_somebody_waits() {
    let fake = Fake::new();
    let (pool, monitor) = monitored(&fake, config(1));
    let held = pool.get().await.unwrap();
    assert_eq!(issues(&monitor), [], "full, and nobody waits");
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await.map(drop) }
    });
    settle().await;
    assert_eq!(issues(&monitor), [Issue::Exhausted { in_use: 1, waiting: 1 }]);
    let health = monitor.health(&HealthConfig::default());
    assert!(!health.healthy);
    assert_eq!(
        health.to_string(),
        "pool `fake` is not well\n- all 1 connections are in use and 1 callers wait: hold connections for less (no other I/O while \
         one is held), or raise `max` if the server has room: compare hold times"
    );
    drop(held);
    waiter.await.unwrap().unwrap();
    assert_eq!(issues(&monitor), []);
}

#[tokio::test(start_paused = true)]
async fn long_waits_and_slow_connects_are_told_apart() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Take(secs(2)));
    let (pool, monitor) = monitored(&fake, config(5).max_connecting(5));
    futures::future::join_all((0..5).map(|_| pool.get())).await.into_iter().for_each(drop);
    let found = issues(&monitor);
    let [Issue::LongWaits { p95: wait, allowed: ms_100 }, Issue::SlowConnects { p95: connect, allowed: s_1 }] =
        found[..]
    else {
        panic!("{found:?}");
    };
    assert_eq!((wait, ms_100, connect, s_1), (secs(2), ms(100), secs(2), secs(1)));
    // As many quick waits that one in twenty is quick, too.
    for _ in 0..200 {
        drop(pool.get().await.unwrap());
    }
    assert_eq!(issues(&monitor).len(), 1, "only the connects are slow");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_shows_in_connects_and_callers() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let (pool, monitor) = monitored(&fake, config(1).acquire_timeout(secs(2)));
    assert!(pool.get().await.is_err());
    let found = issues(&monitor);
    let [Issue::UnservedCallers { unserved: 1, asked: 1 }, Issue::FailedConnects { failed, tried }] =
        found[..]
    else {
        panic!("{found:?}");
    };
    assert!(failed == tried && failed > 1, "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn leaks_count_while_the_history_remembers_their_time() {
    let fake = Fake::new();
    let timings = Arc::new(Timings::default());
    let settings = config(2).leak_after(Some(secs(2)));
    let pool = fake.builder(settings).observer(Arc::clone(&timings)).build().unwrap();
    let history = MonitorConfig::default().history(10);
    let monitor = Monitor::new("fake", pool.clone(), history).unwrap().timings(timings);
    monitor.read();
    let leaked = pool.get().await.unwrap();
    tokio::time::sleep(secs(4)).await;
    assert_eq!(issues(&monitor), [Issue::Leaks { leaks: 1 }]);
    drop(leaked);
    for _ in 0..10 {
        monitor.read();
    }
    assert_eq!(issues(&monitor), [], "it is over");
}

#[tokio::test(start_paused = true)]
async fn connections_that_lie_idle_for_minutes_are_a_waste_but_no_illness() {
    let fake = Fake::new();
    let (pool, monitor) = monitored(&fake, config(10).min(10));
    pool.warm().await.unwrap();
    let held = pool.get().await.unwrap();
    let run = async {
        tokio::select! {
            () = monitor.run() => {}
            () = tokio::time::sleep(ms(299_500)) => {}
        }
    };
    run.await;
    assert_eq!(issues(&monitor), [], "not for long enough");
    tokio::time::sleep(secs(1)).await;
    monitor.read();
    let found = issues(&monitor);
    let [Issue::IdleWaste { peak: 1, size: 10, over }] = found[..] else { panic!("{found:?}") };
    assert!(over >= secs(300));
    assert!(monitor.health(&HealthConfig::default()).healthy);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn the_history_keeps_the_latest_readings_with_their_time() {
    let readings = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let watched = {
        let readings = Arc::clone(&readings);
        move || Gauges::new(readings.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0, 8)
    };
    let monitor =
        Monitor::new("counted", watched, MonitorConfig::default().every(secs(2)).history(3)).unwrap();
    let began = tokio::time::Instant::now();
    tokio::select! {
        () = monitor.run() => {}
        () = tokio::time::sleep(secs(9)) => {}
    }
    let seen: Vec<_> = monitor
        .history()
        .iter()
        .map(|Reading { at, gauges, totals, .. }| ((*at - began).as_secs(), gauges.in_use, totals.is_none()))
        .collect();
    assert_eq!(seen, [(4, 2, true), (6, 3, true), (8, 4, true)]);
    assert!((monitor.utilisation() - 3.0 / 8.0).abs() < 1e-9);
}

#[test]
fn what_is_out_of_range_is_named() {
    let fields = |error: mainstay_pool::ConfigError| -> Vec<_> {
        error.problems().iter().map(|problem| problem.field.clone()).collect()
    };
    let timings = TimingsConfig::default().window(ms(1)).sub_windows(0);
    assert_eq!(fields(Timings::new(timings).unwrap_err()), ["window", "sub_windows"]);
    let monitor = MonitorConfig::default().every(ms(0)).history(0);
    assert_eq!(fields(Monitor::new("none", Gauges::default, monitor).unwrap_err()), ["every", "history"]);
    let health = HealthConfig::default().wait_p95(ms(0)).connect_p95(ms(0)).min_samples(0).idle_share(1.5);
    let health = health.idle_for(Duration::MAX);
    assert_eq!(
        fields(health.validate().unwrap_err()),
        ["wait_p95", "connect_p95", "min_samples", "idle_share", "idle_for"]
    );
}

#[cfg(feature = "config")]
#[test]
fn configurations_are_read_with_humane_durations_and_nothing_unknown() {
    let monitor: MonitorConfig = serde_json::from_str(r#"{ "every": "500ms" }"#).unwrap();
    assert_eq!(monitor, MonitorConfig::default().every(ms(500)));
    let health: HealthConfig = serde_json::from_str(r#"{ "wait_p95": "2s", "idle_share": 0.5 }"#).unwrap();
    assert_eq!(health, HealthConfig::default().wait_p95(secs(2)).idle_share(0.5));
    let timings: TimingsConfig = serde_json::from_str(r#"{ "window": "5m" }"#).unwrap();
    assert_eq!(timings, TimingsConfig::default().window(secs(300)));
    assert!(serde_json::from_str::<MonitorConfig>(r#"{ "evry": "500ms" }"#).is_err());
}
