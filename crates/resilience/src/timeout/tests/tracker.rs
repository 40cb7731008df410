use crate::timeout::{Ending, OTHER, Tracker, TrackerConfig};
use std::{sync::Arc, time::Duration};
use tokio::time::{advance, sleep};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn tracker(config: TrackerConfig) -> Tracker {
    Tracker::new("api", config).unwrap()
}

fn close(value: Duration, expected: Duration) -> bool {
    value.abs_diff(expected) <= expected / 100
}

#[tokio::test(start_paused = true)]
async fn counts_minimum_maximum_mean_and_percentiles() {
    let tracker = tracker(TrackerConfig::default());
    for took in 1..=1_000 {
        let ending = if took > 990 { Ending::TimedOut } else { Ending::Answered };
        tracker.record("search", ms(took), ending, None);
    }
    tracker.record("auth", ms(7), Ending::Abandoned, None);
    let stats = tracker.stats("search").unwrap();
    assert_eq!((stats.count, stats.timeouts, stats.abandoned), (1_000, 10, 0));
    assert_eq!((stats.min, stats.max, stats.mean), (ms(1), ms(1_000), Duration::from_micros(500_500)));
    for (value, expected) in [(stats.p50, 500), (stats.p95, 950), (stats.p99, 990)] {
        assert!(close(value, ms(expected)), "{value:?} is not {expected} ms");
    }
    let auth = tracker.stats("auth").unwrap();
    assert_eq!((auth.count, auth.abandoned), (1, 1));
    assert_eq!(
        [auth.min, auth.p50, auth.p95, auth.p99, auth.max, auth.mean],
        [ms(7); 6],
        "of one call all are exact"
    );
    let names: Vec<_> = tracker.snapshot().iter().map(|stats| stats.endpoint.to_string()).collect();
    assert_eq!(names, ["auth", "search"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_window_is_forgotten_a_part_at_a_time() {
    let tracker = tracker(TrackerConfig::default());
    for minute in 0..6 {
        tracker.record("search", ms(minute + 1), Ending::Answered, None);
        advance(ms(10_000)).await;
    }
    // The first part has just left the window.
    for left in (0..=5).rev() {
        let stats = tracker.stats("search").unwrap();
        assert_eq!(stats.count, left);
        assert_eq!(stats.min, if left == 0 { Duration::ZERO } else { ms(7 - left) });
        assert_eq!(stats.max, if left == 0 { Duration::ZERO } else { ms(6) });
        advance(ms(10_000)).await;
    }
    tracker.record("search", ms(50), Ending::Answered, None);
    let stats = tracker.stats("search").unwrap();
    assert_eq!(
        (stats.count, stats.min, stats.p99),
        (1, ms(50), ms(50)),
        "used again, a part starts from nothing"
    );
}

/// Against a list of all calls ever made: 20,000 random steps of time and calls, compared at every 16th.
#[tokio::test(start_paused = true)]
async fn tells_what_a_list_of_all_calls_tells() {
    let seed = 11;
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let tracker = tracker(TrackerConfig::default().window(ms(7_000)).sub_windows(7));
    let mut now = 0;
    let mut calls: Vec<(u64, u64)> = Vec::new();
    for step in 0..20_000 {
        if random.u8(..) < 200 {
            let took = random.u64(0..5_000);
            tracker.record("search", ms(took), Ending::Answered, None);
            calls.push((now / 1_000, took));
        } else {
            let passed = if random.u8(..) == 0 { random.u64(0..20_000) } else { random.u64(0..700) };
            advance(ms(passed)).await;
            now += passed;
        }
        calls.retain(|(turn, _)| turn + 7 > now / 1_000);
        let Some(stats) = (step % 16 == 0).then(|| tracker.stats("search")).flatten() else { continue };
        let mut took: Vec<_> = calls.iter().map(|(_, took)| *took).collect();
        took.sort_unstable();
        assert_eq!(stats.count, took.len() as u64);
        assert_eq!(stats.min, ms(took.first().copied().unwrap_or(0)));
        assert_eq!(stats.max, ms(took.last().copied().unwrap_or(0)));
        let Some(last) = took.len().checked_sub(1) else { continue };
        let nanos = took.iter().sum::<u64>() * 1_000_000 / took.len() as u64;
        assert_eq!(stats.mean, Duration::from_nanos(nanos));
        let median = took[last / 2];
        assert!(close(stats.p50, ms(median)), "{:?} is not {median} ms", stats.p50);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_silence_does_not_bring_old_calls_back() {
    let tracker = tracker(TrackerConfig::default());
    tracker.record("search", ms(1), Ending::Answered, None);
    // Exactly so many turns that the ring stands where it stood.
    advance(ms(60_000) * 1_000).await;
    assert_eq!(tracker.stats("search").unwrap().count, 0);
}

#[tokio::test(start_paused = true)]
async fn endpoints_beyond_the_cap_are_counted_together() {
    let tracker = tracker(TrackerConfig::default().max_endpoints(2));
    for name in ["a", "b", "c", "d", "a"] {
        tracker.record(name, ms(5), Ending::Answered, None);
    }
    let counts: Vec<_> =
        tracker.snapshot().iter().map(|stats| (stats.endpoint.to_string(), stats.count)).collect();
    assert_eq!(counts, [("a".into(), 2), ("b".into(), 1), (OTHER.into(), 2)]);
    assert_eq!(tracker.stats("c"), None);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_are_kept_with_endpoint_time_and_request_id_the_latest_only() {
    let tracker = tracker(TrackerConfig::default().slow_log(2));
    tracker.record("search", ms(5_000), Ending::Answered, Some("at the threshold".into()));
    assert_eq!(tracker.slow_calls(), []);
    for (id, took) in [("one", 5_001), ("two", 6_000), ("three", 7_000)] {
        tracker.record("search", ms(took), Ending::TimedOut, Some(id.into()));
    }
    let slow = tracker.slow_calls();
    let seen: Vec<_> = slow.iter().map(|call| (call.request_id.as_deref().unwrap(), call.took)).collect();
    assert_eq!(seen, [("two", ms(6_000)), ("three", ms(7_000))]);
    assert!(slow.iter().all(|call| &*call.endpoint == "search" && call.ending == Ending::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn a_timing_measures_to_its_end_and_counts_as_abandoned_if_it_is_dropped() {
    let tracker = tracker(TrackerConfig::default().slow_after(ms(100)));
    let timing = tracker.time("search", None);
    sleep(ms(20)).await;
    timing.end(Ending::Answered);
    let hung_up = tracker.time("search", Some("7c1f".into()));
    sleep(ms(300)).await;
    drop(hung_up);
    let stats = tracker.stats("search").unwrap();
    assert_eq!((stats.count, stats.abandoned, stats.min, stats.max), (2, 1, ms(20), ms(300)));
    let slow = tracker.slow_calls();
    assert_eq!(slow.len(), 1, "who hangs up on a slow call leaves a trace of it");
    assert_eq!((slow[0].ending, slow[0].request_id.as_deref()), (Ending::Abandoned, Some("7c1f")));
}

#[tokio::test(start_paused = true)]
async fn times_beyond_the_scale_are_no_trouble() {
    let tracker = tracker(TrackerConfig::default());
    tracker.record("search", Duration::ZERO, Ending::Answered, None);
    tracker.record("search", Duration::MAX, Ending::Answered, None);
    tracker.record("search", Duration::MAX, Ending::Answered, None);
    let stats = tracker.stats("search").unwrap();
    assert_eq!((stats.min, stats.max), (Duration::ZERO, Duration::MAX));
    assert!(close(stats.p99, ms(3_600_000)), "{:?}", stats.p99);
}

#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_what_fits() {
    let tracker = tracker(TrackerConfig::default());
    tracker.record("search", ms(9_000), Ending::Answered, None);
    tracker.record("search", ms(8_000), Ending::Answered, None);
    tracker.reconfigure(TrackerConfig::default().slow_after(ms(1)).slow_log(1)).unwrap();
    assert_eq!(tracker.stats("search").unwrap().count, 2);
    assert_eq!(tracker.slow_calls().len(), 1);
    tracker.record("search", ms(2), Ending::Answered, None);
    assert_eq!(tracker.slow_calls()[0].took, ms(2));
    tracker.reconfigure(TrackerConfig::default().sub_windows(3)).unwrap();
    assert_eq!(tracker.snapshot(), [], "of another shape of window nothing is known yet");
    let wrong = TrackerConfig::default()
        .window(ms(1))
        .sub_windows(0)
        .max_endpoints(0)
        .slow_after(Duration::ZERO)
        .slow_log(10_001);
    let error = tracker.reconfigure(wrong).unwrap_err();
    let fields: Vec<_> = error.problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(fields, ["window", "sub_windows", "max_endpoints", "slow_after", "slow_log"]);
    assert_eq!(tracker.config().sub_windows, 3);
}

/// A known endpoint costs no allocation, whatever comes.
#[tokio::test(start_paused = true)]
async fn a_record_allocates_nothing_once_its_part_of_the_window_is_there() {
    let tracker = tracker(TrackerConfig::default());
    tracker.record("search", ms(1), Ending::Answered, None);
    let allocated = allocation_counter::measure(|| {
        for took in 1..1_000 {
            tracker.record("search", ms(took), Ending::Answered, None);
        }
    });
    assert_eq!(allocated.count_total, 0);
}

/// 1024 endpoints with 60 parts each would be 850 MB; the default of 64 and 6 is within what the documentation says.
#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_the_configuration() {
    let tracker = tracker(TrackerConfig::default());
    let allocated = allocation_counter::measure(|| {
        for call in 0..1_000 {
            tracker.record(&format!("endpoint {call}"), ms(call), Ending::Answered, None);
        }
    });
    let most = 65 * 14 * 1024 + 64 * 1024;
    assert!(allocated.bytes_current < most, "{} B for one part of each endpoint", allocated.bytes_current);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_from_many_threads_all_count() {
    let tracker = Arc::new(tracker(TrackerConfig::default().window(Duration::from_secs(3_600))));
    let tasks = (0..8_u64).map(|task| {
        let tracker = tracker.clone();
        tokio::spawn(async move {
            for call in 0..500 {
                tracker.record(["a", "b"][(call % 2) as usize], ms(task + 1), Ending::Answered, None);
            }
        })
    });
    futures::future::join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    let counts: Vec<_> = tracker.snapshot().iter().map(|stats| (stats.count, stats.min, stats.max)).collect();
    assert_eq!(counts, [(2_000, ms(1), ms(8)); 2]);
}

/// Many threads that meet new endpoints at the same moment do not get past the cap.
#[test]
fn the_cap_holds_for_threads_that_come_at_once() {
    for _ in 0..400 {
        let tracker = tracker(TrackerConfig::default().max_endpoints(2));
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
                let (tracker, start) = (&tracker, &start);
                scope.spawn(move || {
                    start.wait();
                    tracker.record(name, ms(1), Ending::Answered, None);
                });
            }
        });
        let stats = tracker.snapshot();
        assert_eq!(stats.iter().map(|stats| stats.count).collect::<Vec<_>>(), [1, 1, 6]);
        assert_eq!(&*stats[2].endpoint, OTHER);
    }
}

#[cfg(feature = "config")]
#[test]
fn its_configuration_is_data() {
    let config: TrackerConfig = serde_json::from_str(r#"{ "window": "5m", "slow_after": "2s" }"#).unwrap();
    assert_eq!(config, TrackerConfig::default().window(ms(300_000)).slow_after(ms(2_000)));
    serde_json::from_str::<TrackerConfig>(r#"{ "windows": "5m" }"#).unwrap_err();
}
