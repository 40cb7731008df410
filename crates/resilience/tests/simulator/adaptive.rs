//! A limit that finds itself, held against the optimum by Little's law: throughput times latency without load, which for
//! a server of `c` workers is `c`.

use super::{
    ms,
    scenarios::{SEED, simulation},
    secs,
};
use mainstay_resilience::{
    AdaptiveConfig, AdaptiveLimit, PolicyExt,
    sim::{Clients, Condition, Report, Request, Scenario, Server, ServiceTime},
};
use std::{cell::RefCell, ops::Range, time::Duration};
use tokio::time::Instant;

/// The limit as each call found it, and when.
type Seen = Vec<(Duration, usize)>;

fn play(name: &str, scenario: Scenario) -> (Report, Seen) {
    simulation(name, scenario).run(async |it| {
        let limit = AdaptiveLimit::new("valuer", AdaptiveConfig::default().seed(SEED)).unwrap();
        let (began, seen) = (Instant::now(), RefCell::new(Vec::new()));
        let ask = async |request: Request| {
            seen.borrow_mut().push((began.elapsed(), limit.snapshot().limit));
            limit.call(|| request.send()).await
        };
        let report = it.drive_with(ask).await;
        (report, seen.into_inner())
    })
}

fn median(seen: &Seen, time: Range<Duration>) -> f64 {
    let mut limits: Vec<_> =
        seen.iter().filter(|(at, _)| time.contains(at)).map(|(_, limit)| *limit).collect();
    limits.sort_unstable();
    limits[limits.len() / 2] as f64
}

#[track_caller]
fn assert_near(optimum: f64, found: f64, report: &Report) {
    let ratio = found / optimum;
    assert!(
        (0.8..=1.2).contains(&ratio),
        "limit {found}, optimum {optimum}: {ratio:.2} times, seed {SEED}\n{report}"
    );
}

/// Twice as many calls as the server can ever do; ten workers, then twenty, then ten again.
#[test]
fn the_limit_follows_a_step_of_capacity_to_within_a_fifth() {
    for service in [
        ServiceTime::constant(ms(50)),
        ServiceTime::exponential(ms(50)),
        ServiceTime::log_normal(ms(50), 0.5),
    ] {
        let server = Server::default()
            .service_time(service)
            .at(secs(120), Condition::Capacity { workers: 20 })
            .at(secs(240), Condition::Capacity { workers: 10 });
        let scenario = Scenario::new(server, Clients::poisson(800.0)).lasting(secs(360));
        let (report, seen) = play(&format!("capacity step, {service:?}"), scenario);
        assert_near(10.0, median(&seen, secs(60)..secs(120)), &report);
        assert_near(20.0, median(&seen, secs(180)..secs(240)), &report);
        assert_near(10.0, median(&seen, secs(300)..secs(360)), &report);
        let busy = report.between(secs(60)..secs(120)).figures().utilisation;
        assert!(busy > 0.85, "the workers are kept busy, found {busy:.3}, seed {SEED}\n{report}");
    }
}

/// concurrency-limits PR#134: under modest overload a limit that allows for a queue creeps up for ever.
#[test]
fn an_hour_of_mild_overload_makes_nothing_creep() {
    // 5 % more than the server can do.
    let scenario = Scenario::new(Server::default(), Clients::poisson(210.0)).lasting(secs(3600));
    let (report, seen) = play("mild overload", scenario);
    let (early, late) = (median(&seen, secs(300)..secs(900)), median(&seen, secs(3000)..secs(3600)));
    assert!(late <= early * 1.2, "the limit crept from {early} to {late}, seed {SEED}\n{report}");
    report.after(secs(300)).assert_p99_at_most(ms(400));
    // Nor does it starve the server: at best 95 % can succeed, and in no minute is it less than two thirds of that.
    report.whole().assert_goodput(0.8);
    for minute in 1..60 {
        report.between(secs(60 * minute)..secs(60 * (minute + 1))).assert_goodput(0.63);
    }
}
