#![allow(clippy::unwrap_used, missing_docs)]
//! The runner of warmers: order, pace, ends, resumption; on the paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_cache::warm::{Checkpoint, Ended, Progress, WarmConfig, WarmRunner, Warmer, each};
use mainstay_cache::{Cache, RegionOptions};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// Which warmer was given which keys.
type Seen = (&'static str, Vec<u64>);

/// Notes what it is given, and takes its time for it.
#[derive(Clone)]
struct Noting {
    name: &'static str,
    plan: Vec<(u64, f64)>,
    takes: Duration,
    batch: Option<usize>,
    /// Keys that fail.
    fails: fn(u64) -> bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    under_way: Arc<AtomicUsize>,
    most_under_way: Arc<AtomicUsize>,
}

impl Noting {
    fn new(name: &'static str, plan: impl IntoIterator<Item = (u64, f64)>) -> Self {
        Self {
            name,
            plan: plan.into_iter().collect(),
            takes: Duration::from_millis(10),
            batch: None,
            fails: |_| false,
            seen: Arc::default(),
            under_way: Arc::default(),
            most_under_way: Arc::default(),
        }
    }

    fn keys(&self) -> Vec<u64> {
        self.seen.lock().iter().flat_map(|(_, keys)| keys.clone()).collect()
    }
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Warmer for Noting {
    type Key = u64;
    type Error = String;

    fn name(&self) -> &str {
        self.name
    }

    async fn plan(&self) -> Result<Vec<(u64, f64)>, String> {
        Ok(self.plan.clone())
    }

    async fn warm(&self, keys: &[u64]) -> Result<usize, String> {
        self.seen.lock().push((self.name, keys.to_vec()));
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _leaves = Leaves(&self.under_way);
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        sleep(self.takes).await;
        match keys.iter().find(|key| (self.fails)(**key)) {
            Some(key) => Err(format!("no {key}")),
            None => Ok(keys.len()),
        }
    }

    fn batch_size(&self) -> Option<usize> {
        self.batch
    }
}

fn evenly(keys: std::ops::Range<u64>) -> impl Iterator<Item = (u64, f64)> {
    keys.map(|key| (key, 1.0))
}

fn runner<'w>(config: WarmConfig) -> WarmRunner<'w> {
    WarmRunner::new(config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_most_asked_for_comes_first_across_warmers() {
    let homes = Noting::new("homes", [(1, 5.0), (2, 50.0), (3, f64::NAN), (4, 7.0)]);
    let suburbs = Noting { name: "suburbs", plan: vec![(10, 6.0), (11, f64::INFINITY)], ..homes.clone() };
    let report =
        runner(WarmConfig::default().concurrency(1)).warmer(homes.clone()).warmer(suburbs).run().await;
    let order: Vec<_> = homes.seen.lock().iter().map(|(who, keys)| (*who, keys[0])).collect();
    let expected = [("suburbs", 11), ("homes", 2), ("homes", 4), ("suburbs", 10), ("homes", 1), ("homes", 3)];
    assert_eq!(order, expected);
    assert_eq!(report.elapsed, Duration::from_millis(60));
    assert!(report.is_clean());
    assert_eq!(report.warmers.iter().map(|warmer| warmer.loaded).collect::<Vec<_>>(), [4, 2]);
}

#[tokio::test(start_paused = true)]
async fn equal_weights_keep_the_order_of_the_plan_and_what_is_listed_twice_is_warmed_once() {
    let homes = Noting::new("homes", [(3, 1.0), (1, 1.0), (3, 0.5), (2, 1.0), (1, 9.0)]);
    let report = runner(WarmConfig::default().concurrency(1)).warmer(homes.clone()).run().await;
    assert_eq!(homes.keys(), [1, 3, 2]);
    assert_eq!(report.warmers[0].total, 3);
}

#[tokio::test(start_paused = true)]
async fn batches_are_as_large_as_the_warmer_wants_and_concurrency_is_kept() {
    let homes = Noting { batch: Some(30), ..Noting::new("homes", evenly(0..100)) };
    let report = runner(WarmConfig::default().concurrency(3)).warmer(homes.clone()).run().await;
    let sizes: Vec<_> = homes.seen.lock().iter().map(|(_, keys)| keys.len()).collect();
    assert_eq!(sizes, [30, 30, 30, 10]);
    assert_eq!(homes.most_under_way.load(Ordering::SeqCst), 3);
    assert_eq!(report.elapsed, Duration::from_millis(20));
    let by_config = Noting { batch: None, seen: Arc::default(), ..homes };
    runner(WarmConfig::default().batch(50)).warmer(by_config.clone()).run().await;
    assert_eq!(by_config.seen.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_of_keys_and_does_not_burst_after_a_pause() {
    let homes = Noting { batch: Some(5), ..Noting::new("homes", evenly(0..100)) };
    let report = runner(WarmConfig::default().rate(100)).warmer(homes).run().await;
    // 20 batches of 5 keys, the first at once, one in 50 ms, and 10 ms for the last.
    assert_eq!(report.elapsed, Duration::from_millis(19 * 50 + 10));

    // A warmer that is slower than its rate does not catch up afterwards.
    let begun = Arc::new(Mutex::new(Vec::new()));
    let slow_at_first = each("keys", evenly(0..4), |key| {
        begun.lock().push(Instant::now());
        sleep(Duration::from_millis(if key == 0 { 1_000 } else { 0 })).then_ok()
    });
    runner(WarmConfig::default().concurrency(1).rate(10)).warmer(slow_at_first).run().await;
    let begun = begun.lock();
    let gaps: Vec<_> = begun.windows(2).map(|two| (two[1] - two[0]).as_millis()).collect();
    assert_eq!(gaps, [1_000, 100, 100]);
}

trait ThenOk: Future<Output = ()> + Sized {
    async fn then_ok(self) -> Result<(), String> {
        self.await;
        Ok(())
    }
}

impl<F: Future<Output = ()>> ThenOk for F {}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_it_stops_and_a_second_run_does_the_rest() {
    let homes = Noting::new("homes", evenly(0..10));
    let warm = runner(WarmConfig::default().concurrency(1).deadline(Duration::from_millis(45)))
        .warmer(homes.clone());
    let report = warm.run().await;
    assert_eq!((report.ended, report.loaded()), (Ended::Deadline, 4));
    assert_eq!(report.elapsed, Duration::from_millis(45));
    assert_eq!(homes.under_way.load(Ordering::SeqCst), 0, "what was under way was dropped");
    assert_eq!(warm.progress().borrow().ended, Some(Ended::Deadline));

    let again = warm.run().await;
    assert_eq!((again.ended, again.loaded(), again.skipped()), (Ended::Deadline, 4, 4));
    let last = warm.run().await;
    assert_eq!((last.ended, last.loaded(), last.skipped()), (Ended::Complete, 2, 8));
    assert_eq!(homes.keys(), [0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9], "only what was cut off is begun twice");
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_moment_it_leaves_nothing_under_way_and_forgets_nothing_that_was_done() {
    for after in 0..60 {
        let homes = Noting::new("homes", evenly(0..10));
        let warm = runner(WarmConfig::default().concurrency(2)).warmer(homes.clone());
        let cut = tokio::time::timeout(Duration::from_millis(after), warm.run()).await;
        assert_eq!(homes.under_way.load(Ordering::SeqCst), 0, "after {after} ms");
        let done = warm.checkpoint().len();
        assert_eq!(cut.is_ok(), done == 10, "after {after} ms");
        assert_eq!(warm.progress().borrow().loaded, done);
        let rest = warm.run().await;
        assert_eq!((rest.loaded(), rest.skipped()), (10 - done, done), "after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_saved_and_loaded_is_resumed_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warm.checkpoint");
    assert!(Checkpoint::load(&path).unwrap().is_empty(), "no file is nothing done");
    let homes = Noting::new("homes", evenly(0..10));
    let other = Noting { name: "other", seen: Arc::default(), ..homes.clone() };
    let first = runner(WarmConfig::default().concurrency(1).deadline(Duration::from_millis(35)))
        .warmer(homes.clone());
    first.run().await;
    first.checkpoint().save(&path).unwrap();

    homes.seen.lock().clear();
    let loaded = Checkpoint::load(&path).unwrap();
    let second =
        runner(WarmConfig::default()).warmer(homes.clone()).warmer(other.clone()).resume(loaded.clone());
    let report = second.run().await;
    assert_eq!((report.warmers[0].loaded, report.warmers[0].skipped), (7, 3));
    assert_eq!(homes.keys(), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(other.keys().len(), 10, "the same keys of another warmer are not done");
    assert_eq!(loaded.clone().within(Duration::from_secs(3_600)).len(), 3);
    std::thread::sleep(Duration::from_millis(5));
    assert!(loaded.within(Duration::from_millis(1)).is_empty(), "what is old may have expired");
}

#[tokio::test(start_paused = true)]
async fn it_stops_when_too_much_fails_and_not_before() {
    let half = Noting { fails: |key| key % 2 == 1, ..Noting::new("homes", evenly(0..100)) };
    let one = || WarmConfig::default().concurrency(1);
    let tolerant = runner(one().max_error_ratio(0.5)).warmer(half.clone()).run().await;
    assert_eq!((tolerant.ended, tolerant.loaded(), tolerant.failed()), (Ended::Complete, 50, 50));
    assert!(!tolerant.is_clean());
    assert_eq!(tolerant.first_error(), Some(("homes", "no 1")));

    let strict = runner(one().max_error_ratio(0.4).min_tried(20)).warmer(half.clone()).run().await;
    assert_eq!((strict.ended, strict.loaded(), strict.failed()), (Ended::Errors, 10, 10));
    let at_once = runner(one().max_error_ratio(0.0).min_tried(1)).warmer(half.clone()).run().await;
    assert_eq!((at_once.ended, at_once.loaded(), at_once.failed()), (Ended::Errors, 1, 1));

    let resumed = runner(one().max_error_ratio(1.0)).warmer(half.clone());
    resumed.run().await;
    assert_eq!(resumed.run().await.failed(), 50, "what failed is tried again");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_fails_hangs_or_panics_leaves_the_others_to_work() {
    struct Bad(&'static str);
    impl Warmer for Bad {
        type Key = u64;
        type Error = String;
        fn name(&self) -> &str {
            self.0
        }
        async fn plan(&self) -> Result<Vec<(u64, f64)>, String> {
            match self.0 {
                "fails" => Err("no database".to_owned()),
                "hangs" => std::future::pending().await,
                _ => panic!("a bug of the warmer"),
            }
        }
        async fn warm(&self, _: &[u64]) -> Result<usize, String> {
            unreachable!("it has no plan")
        }
    }
    let panics = each("panics later", [(1_u64, 1.0), (2, 1.0)], |key| async move {
        assert_eq!(key, 2, "a bug of the warmer");
        Ok::<_, String>(())
    });
    let report = runner(WarmConfig::default().plan_timeout(Duration::from_secs(1)))
        .warmer(Bad("fails"))
        .warmer(Bad("hangs"))
        .warmer(Bad("panics"))
        .warmer(panics)
        .warmer(Noting::new("works", evenly(0..3)))
        .run()
        .await;
    let errors: Vec<_> = report.warmers.iter().map(|warmer| warmer.error.as_deref()).collect();
    let expected = [
        Some("no database"),
        Some("no plan within 1s"),
        Some("planning panicked"),
        Some("warming panicked"),
        None,
    ];
    assert_eq!(errors, expected);
    assert_eq!((report.warmers[3].loaded, report.warmers[3].failed), (1, 1));
    assert_eq!(report.warmers[4].loaded, 3);
    assert_eq!(report.ended, Ended::Complete);
}

#[tokio::test(start_paused = true)]
async fn progress_is_watched_from_outside() {
    let homes = Noting { fails: |key| key == 3, ..Noting::new("homes", evenly(0..10)) };
    let warm = Arc::new(runner(WarmConfig::default().concurrency(1)).warmer(homes));
    let mut progress = warm.progress();
    let run = tokio::spawn({
        let warm = warm.clone();
        async move { warm.run().await }
    });
    let halfway: Progress =
        *progress.wait_for(|progress| progress.total > 0 && progress.fraction() >= 0.5).await.unwrap();
    assert_eq!((halfway.total, halfway.done(), halfway.failed, halfway.ended), (10, 5, 1, None));
    let end = *progress.wait_for(|progress| progress.ended.is_some()).await.unwrap();
    assert_eq!((end.done(), end.loaded, end.failed), (10, 9, 1));
    assert_eq!(run.await.unwrap().failed(), 1);
}

/// The reason for `get_or_load` in warmers: an update in the middle of a warm-up wins.
#[tokio::test]
async fn an_invalidation_during_the_load_is_not_overwritten_by_the_warmer() {
    let cache = Cache::builder("houses").build().await.unwrap();
    let homes = cache.region::<u64, u32>("home", RegionOptions::default()).unwrap();
    let warm = |id: u64| {
        let homes = homes.clone();
        async move {
            homes
                .get_or_load_borrowed(&id, |_| async {
                    let _ = homes.invalidate(&1).await; // an update comes while the old row is in hand
                    Ok::<_, String>(1)
                })
                .await
        }
    };
    let report = runner(WarmConfig::default()).warmer(each("homes", [(1, 1.0), (2, 1.0)], warm)).run().await;
    assert_eq!(report.loaded(), 2);
    assert_eq!(homes.get_cached(&1), None);
    assert!(homes.get_cached(&2).is_some());
}

#[test]
fn settings_out_of_range_are_named() {
    let secs = Duration::from_secs;
    let base = WarmConfig::default;
    for (field, config) in [
        ("concurrency", base().concurrency(0)),
        ("batch", base().batch(0)),
        ("rate", base().rate(0)),
        ("deadline", base().deadline(secs(0))),
        ("plan_timeout", base().plan_timeout(secs(100_000))),
        ("max_error_ratio", base().max_error_ratio(f64::NAN)),
        ("min_tried", base().min_tried(0)),
    ] {
        assert_eq!(WarmRunner::new(config).unwrap_err().field, field);
    }
}
