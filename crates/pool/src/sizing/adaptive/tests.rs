use std::time::Duration;

use super::{AdaptiveConfig, Controller, Decision, Reason, Sample};

const WINDOW: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn controller(config: AdaptiveConfig) -> Controller {
    Controller::new(config.cooldown(Duration::ZERO)).unwrap()
}

/// A window in which `busy` connections of `size` were in use on average, each held for `hold`.
fn sample(size: usize, busy: f64, hold: Duration) -> Sample {
    let holds = (busy / hold.as_secs_f64()) as u64;
    Sample::new(WINDOW, size).holds(holds, hold.mul_f64(holds as f64)).open(size, busy)
}

/// Windows of a pool whose callers use every connection they get, held for `hold(size)`; the size after each.
fn saturated(
    controller: &mut Controller,
    mut size: usize,
    windows: usize,
    hold: impl Fn(usize) -> Duration,
) -> Vec<usize> {
    (0..windows)
        .map(|_| {
            size = controller.decide(&sample(size, size as f64, hold(size))).to;
            size
        })
        .collect()
}

/// Flat to 24, then as many times longer as there are more.
fn knee(size: usize) -> Duration {
    (10 * MS).mul_f64((size as f64 / 24.0).max(1.0))
}

#[test]
fn it_grows_fast_while_connections_are_held_no_longer_for_it() {
    let sizes = saturated(&mut controller(AdaptiveConfig::default().max(40)), 2, 12, |_| 10 * MS);
    assert!(sizes.is_sorted() && *sizes.last().unwrap() == 40, "{sizes:?}");
}

#[test]
fn it_settles_about_the_size_at_which_holds_have_doubled() {
    let sizes = saturated(&mut controller(AdaptiveConfig::default().max(100)), 2, 200, knee);
    let settled = &sizes[20..];
    assert!(settled.iter().all(|size| (40..=50).contains(size)), "{settled:?}");
}

/// concurrency-limits#137 (Netflix): under holds that stay long the limit grew to the maximum.
#[test]
fn constantly_long_holds_bring_it_down_and_never_up() {
    let mut controller = controller(AdaptiveConfig::default().min(2).max(100));
    saturated(&mut controller, 2, 6, |_| 10 * MS);
    let sizes = saturated(&mut controller, 12, 4, |_| 100 * MS);
    assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
}

/// concurrency-limits#134 (Netflix): under mild overload the limit drifted up for hours.
#[test]
fn mild_overload_that_lasts_does_not_become_the_baseline() {
    let mut controller = controller(AdaptiveConfig::default().max(1000));
    let early = saturated(&mut controller, 2, 100, knee).last().copied().unwrap();
    let late = saturated(&mut controller, early, 5_000, knee).into_iter().max().unwrap();
    assert!(late <= 50, "{late}");
}

#[test]
fn a_workload_that_became_slower_is_learnt_at_the_minimum_and_served_again() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    let sizes = saturated(&mut controller, 40, 120, |_| 50 * MS);
    assert!(sizes.contains(&2), "{sizes:?}");
    assert_eq!(sizes.last(), Some(&40));
}

#[test]
fn callers_who_limit_themselves_neither_raise_nor_lower_the_cap() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    for hold in [10 * MS, 90 * MS] {
        let decision = controller.decide(&sample(40, 6.0, hold));
        assert_eq!(decision.cap, 40, "{decision}");
    }
}

/// A lesser size would still let them have all that they use: the server would not be relieved, and the next burst would find too few.
#[test]
fn long_holds_of_callers_whom_the_size_does_not_bind_are_no_reason_to_cut() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    for _ in 0..20 {
        let decision = controller.decide(&sample(40, 30.0, 90 * MS));
        assert_eq!((decision.cap, decision.to), (40, 40), "{decision}");
    }
    assert_eq!(controller.decide(&sample(40, 35.0, 90 * MS)).reason, Reason::Crowded);
}

#[test]
fn a_small_pool_is_not_cut_for_the_share_of_the_connection_that_it_grew_by() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    // The server works on two at once; four are held for twice as long as two.
    let sizes = saturated(&mut controller, 2, 40, |size| (10 * MS).mul_f64(size as f64 / 2.0));
    assert!(sizes[10..].iter().all(|size| (4..=5).contains(size)), "{sizes:?}");
}

#[test]
fn a_size_that_was_too_much_is_tried_again_but_not_at_once() {
    let mut controller = controller(AdaptiveConfig::default().max(100));
    let sizes = saturated(&mut controller, 2, 400, knee);
    let opened: usize = sizes[50..].windows(2).map(|pair| pair[1].saturating_sub(pair[0])).sum();
    let cuts = sizes[50..].windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!((10..=25).contains(&cuts) && opened < 130, "{cuts} cuts, {opened} opened: {sizes:?}");
}

#[test]
fn need_rises_fast_and_falls_slowly() {
    let mut controller = controller(AdaptiveConfig::default().max(100));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    let busy = controller.decide(&sample(100, 64.0, 10 * MS)).need;
    let mut needs = vec![busy];
    needs.extend((0..40).map(|_| controller.decide(&sample(100, 4.0, 10 * MS)).need));
    // Four in use, twice the root of it to spare, one, and the smoothing's last fraction.
    assert_eq!(*needs.last().unwrap(), 11, "{needs:?}");
    assert!(needs[1] > busy * 8 / 10 && needs[10] > 20, "{needs:?}");
    let again = controller.decide(&sample(100, 64.0, 10 * MS)).need;
    assert!(again > 40, "half way at once: {again}");
}

#[test]
fn a_server_with_too_many_connections_has_it_cut_and_held() {
    let config = AdaptiveConfig::default().max(100).refusal_pause(Duration::from_secs(30));
    let mut controller = controller(config);
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    let refused = controller.decide(&sample(100, 50.0, 10 * MS).open(50, 50.0).refused(3));
    assert_eq!((refused.to, refused.reason), (35, Reason::Refused), "{refused}");
    let sizes = saturated(&mut controller, 35, 29, |_| 10 * MS);
    assert!(sizes.iter().all(|size| *size == 35), "{sizes:?}");
    assert!(saturated(&mut controller, 35, 2, |_| 10 * MS)[1] > 35);
}

#[test]
fn after_a_cut_the_cap_rests_for_the_cooldown() {
    let config = AdaptiveConfig::default().max(40).cooldown(Duration::from_secs(3));
    let mut controller = Controller::new(config).unwrap();
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    let caps: Vec<_> = (0..7).map(|_| controller.decide(&sample(40, 40.0, 22 * MS)).cap).collect();
    assert_eq!(caps, [36, 36, 36, 32, 32, 32, 29]);
}

#[test]
fn too_few_returns_say_nothing_about_the_server() {
    let mut controller = controller(AdaptiveConfig::default().max(40).min_samples(20));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    let few = Sample::new(WINDOW, 40).holds(19, Duration::from_secs(40)).open(40, 40.0);
    let decision = controller.decide(&few);
    assert_eq!((decision.to, decision.hold), (40, None), "{decision}");
}

/// Nothing has come back because everything is held for longer than a window: that is need, not the want of it.
#[test]
fn connections_that_are_held_through_a_whole_window_are_needed() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    for _ in 0..50 {
        let decision = controller.decide(&Sample::new(WINDOW, 40).open(40, 40.0));
        assert_eq!(decision.to, 40, "{decision}");
    }
}

#[test]
fn it_does_not_close_a_few_connections_that_it_would_open_again() {
    let mut controller = controller(AdaptiveConfig::default().max(100));
    saturated(&mut controller, 2, 20, |_| 10 * MS);
    for _ in 0..100 {
        controller.decide(&sample(90, 64.0, 10 * MS));
    }
    // 64 + 2 × 8 + 1, and the smoothing's last fraction.
    let decision = controller.decide(&sample(90, 64.0, 10 * MS));
    assert_eq!((decision.need, decision.to, decision.reason), (82, 90, Reason::Steady), "{decision}");
    let decision = controller.decide(&sample(92, 64.0, 10 * MS));
    assert_eq!((decision.to, decision.reason), (82, Reason::NeedsLess), "{decision}");
}

#[test]
fn it_stays_within_its_bounds_whatever_comes() {
    let mut random = fastrand::Rng::with_seed(11);
    let config = AdaptiveConfig::default().min(3).max(30);
    let mut controller = controller(config);
    let mut size = 500;
    for _ in 0..20_000 {
        let open = random.usize(0..600);
        let sample = Sample::new(Duration::from_millis(random.u64(0..5_000)), size)
            .holds(random.u64(0..100), Duration::from_millis(random.u64(0..100_000_000)))
            .open(open, random.f64() * open as f64)
            .refused(random.u64(0..50).saturating_sub(48));
        size = controller.decide(&sample).to;
        assert!((3..=30).contains(&size), "{size} after {sample:?}");
    }
}

#[test]
fn a_decision_tells_its_reason() {
    let mut controller = controller(AdaptiveConfig::default().max(40));
    let grown = controller.decide(&sample(2, 2.0, 10 * MS));
    assert_eq!(
        grown.to_string(),
        "from 2 to 3 connections: the callers can use 4, and the server has room; held for 10.0ms on average, 10.0ms without load"
    );
    saturated(&mut controller, 3, 20, |_| 10 * MS);
    let Decision { from, to, reason, .. } = controller.decide(&sample(40, 40.0, 25 * MS));
    // The share of 40 that is left for 20.5 ms of 25: twice those without load, and one connection's share of them.
    assert_eq!((from, to, reason), (40, 32, Reason::Crowded));
}

#[test]
fn what_is_out_of_range_is_named() {
    let config = AdaptiveConfig::default().min(9).max(3).tolerance(f64::NAN).headroom(-1.0).min_samples(0);
    let error = config.validate().unwrap_err();
    let fields: Vec<_> = error.problems().iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["min", "min_samples", "tolerance", "headroom"]);
    assert!(Controller::new(config).is_err());
}

#[cfg(feature = "config")]
#[test]
fn a_configuration_is_read_with_humane_durations_and_nothing_unknown() {
    let config: AdaptiveConfig = serde_json::from_str(r#"{ "max": 80, "window": "500ms" }"#).unwrap();
    assert_eq!(config, AdaptiveConfig::default().max(80).window(500 * MS));
    assert!(serde_json::from_str::<AdaptiveConfig>(r#"{ "maximum": 80 }"#).is_err());
}
