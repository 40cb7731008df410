//! The server's and the clients' habits, one by one.

use super::{ms, secs};
use mainstay_resilience::{
    Bulkhead, BulkheadConfig, PolicyExt, Timeout,
    sim::{Cause, Clients, Condition, Figures, Report, Scenario, Server, ServiceTime, Simulation},
};

/// One worker, 10 ms a request.
fn server() -> Server {
    Server::default().capacity(1).service_time(ServiceTime::constant(ms(10)))
}

fn play(scenario: Scenario) -> Report {
    Simulation::new("world", scenario).unwrap().run(async |simulation| simulation.drive(&()).await)
}

fn whole(scenario: Scenario) -> Figures {
    play(scenario).whole().figures().clone()
}

#[test]
fn the_same_seed_repeats_a_run_and_another_does_not() {
    let scenario = |seed| {
        let server = Server::default().fault_rate(0.1).service_time(ServiceTime::log_normal(ms(50), 1.0));
        Scenario::new(server, Clients::poisson(150.0).patience(ms(200))).lasting(secs(20)).seed(seed)
    };
    assert_eq!(play(scenario(1)).to_string(), play(scenario(1)).to_string());
    assert_ne!(whole(scenario(1)), whole(scenario(2)));
}

#[test]
fn rates_change_when_they_should_and_silence_is_silent() {
    let clients =
        Clients::constant(10.0).rate_from(ms(2_050), 100.0).rate_from(secs(4), 0.0).rate_from(secs(6), 50.0);
    let report = play(Scenario::new(server(), clients).lasting(secs(8)));
    let offered: Vec<_> = report.whole().slices().map(|(_, figures)| figures.offered).collect();
    // At 100 ms … 2 s; what is left of a step when the rate changes is gone at the new rate: 2.055 s … 3.995 s, 6.01 s.
    assert_eq!(offered, [9, 10, 96, 100, 0, 0, 50, 50]);
}

#[test]
fn a_full_queue_turns_requests_away() {
    // 200 a second for 100; one works, five wait.
    let figures = whole(Scenario::new(server().max_queued(5), Clients::constant(200.0)).lasting(secs(10)));
    assert!((0.49..0.52).contains(&figures.goodput), "{figures:?}");
    assert_eq!(figures.errors[&Cause::Operation], figures.offered - figures.succeeded);
    assert_eq!(figures.latency.max, ms(60));
}

/// Half of the time is work, and each caller leaves when half of his is done.
#[test]
fn abandoned_work_is_done_or_dropped_as_the_server_does() {
    let scenario = |finishes| {
        let clients = Clients::constant(50.0).patience(ms(5));
        Scenario::new(server().finishes_abandoned(finishes), clients).lasting(secs(10))
    };
    let done = whole(scenario(true));
    assert_eq!((done.succeeded, done.errors[&Cause::CallerLeft]), (0, done.offered));
    assert!((done.utilisation - 0.5).abs() < 0.01 && (done.wasted - 0.5).abs() < 0.01, "{done:?}");
    let dropped = whole(scenario(false));
    assert!((dropped.utilisation - 0.25).abs() < 0.01 && dropped.wasted == 0.0, "{dropped:?}");
}

#[test]
fn an_outage_refuses_or_hangs_and_drops_what_there_is() {
    let clients = Clients::constant(50.0).patience(secs(1));
    let outage = |condition| {
        let server = server().at(ms(1_005), condition).at(secs(2), Condition::Healthy);
        play(Scenario::new(server, clients.clone()).lasting(secs(4)))
    };
    let refused = outage(Condition::Refusing).whole().figures().errors.clone();
    let hung = outage(Condition::Hanging);
    // Calls at 1.0 s (under way when it begins), 1.02 s … 1.98 s.
    assert_eq!(refused, [(Cause::Operation, 50)].into());
    assert_eq!(hung.whole().figures().errors, [(Cause::CallerLeft, 50)].into());
    let present = hung.between(secs(1)..secs(2)).figures().in_flight;
    assert!((24.0..26.0).contains(&present), "hanging requests are present: {present}");
    hung.after(secs(2)).assert_goodput(1.0);
}

#[test]
fn more_capacity_does_more_at_once() {
    let server = server().at(secs(5), Condition::Capacity { workers: 2 });
    let clients = Clients::constant(150.0).patience(ms(500));
    let report = play(Scenario::new(server, clients).lasting(secs(20)));
    let (before, after) = (report.between(secs(2)..secs(5)), report.after(secs(10)));
    assert!(before.figures().goodput < 0.7, "{report}");
    assert!((after.figures().utilisation - 0.75).abs() < 0.01, "{report}");
    after.assert_goodput(1.0);
}

#[test]
fn a_leak_makes_work_longer_minute_by_minute() {
    let server = server().at(secs(60), Condition::Leaking { growth_per_minute: 1.0 });
    let report = play(Scenario::new(server, Clients::constant(10.0)).lasting(secs(180)));
    let latency = |from| report.between(secs(from)..secs(from + 1)).figures().latency.max;
    assert_eq!((latency(0), latency(59)), (ms(10), ms(10)));
    assert!((19..=21).contains(&latency(120).as_millis()), "{:?}", latency(120));
    assert!((29..=31).contains(&latency(179).as_millis()), "{:?}", latency(179));
}

/// The policies' own state can be looked at after a run on one's own paused runtime.
#[tokio::test(start_paused = true)]
async fn it_runs_in_a_paused_test_and_policies_are_left_as_they_were() {
    let guard = (
        Timeout::new("t", secs(1)).unwrap(),
        Bulkhead::new("k", BulkheadConfig::default().max_concurrent(1).max_queued(0)).unwrap(),
    );
    let scenario = Scenario::new(server(), Clients::poisson(100.0)).lasting(secs(10));
    let report = Simulation::new("inside", scenario).unwrap().drive(&guard).await;
    let errors = report.whole().figures().errors.clone();
    assert_eq!(errors.keys().collect::<Vec<_>>(), [&Cause::BulkheadFull]);
    assert_eq!(report.whole().figures().attempts, report.whole().figures().succeeded);
    assert_eq!((guard.0.timed_out(), guard.1.snapshot().running), (0, 0));
    assert_eq!(guard.call(|| async { Ok::<_, &str>(1) }).await, Ok(1));
}

#[tokio::test]
#[should_panic(expected = "time is not frozen")]
async fn it_does_not_run_in_real_time() {
    Simulation::new("awake", Scenario::default()).unwrap().drive(&()).await;
}

#[test]
fn an_expectation_that_fails_says_what_was_found_under_which_seed() {
    let scenario =
        Scenario::new(server().fault_rate(0.5), Clients::constant(10.0)).lasting(secs(10)).seed(42);
    let report = play(scenario);
    let unmet = std::panic::catch_unwind(|| {
        report.between(secs(2)..secs(4)).assert_goodput(0.99);
    });
    let said = *unmet.unwrap_err().downcast::<String>().unwrap();
    assert!(said.starts_with("simulation `world` (seed 42), 2s to 4s: goodput was "), "{said}");
    assert!(said.contains("expected at least 99.00 %") && said.contains("whole"), "{said}");
}

/// An assertion over a stretch in which no call came proves nothing, and says so.
#[test]
fn an_expectation_of_no_calls_fails() {
    let report = play(Scenario::new(server(), Clients::constant(0.0)).lasting(secs(10)));
    let unmet = std::panic::catch_unwind(|| {
        report.whole().assert_goodput(0.0);
    });
    let said = *unmet.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("the number of calls to judge goodput by was 0, expected above 0"), "{said}");
}

#[test]
fn every_field_out_of_range_is_named_at_once() {
    let server =
        Server::default().capacity(0).fault_rate(1.5).at(secs(2), Condition::Capacity { workers: 0 });
    let scenario = Scenario::new(server.at(secs(1), Condition::Healthy), Clients::poisson(-1.0));
    let error = Simulation::new("wrong", scenario.lasting(ms(1_500))).unwrap_err();
    let fields: Vec<_> = error.problems.iter().map(|problem| problem.field.as_ref()).collect();
    assert_eq!(
        fields,
        [
            "server.capacity",
            "server.fault_rate",
            "server.changes.capacity.workers",
            "server.changes.at",
            "clients.pattern.per_second",
            "slice",
        ]
    );
}

#[cfg(feature = "config")]
mod config {
    use super::*;

    #[test]
    fn a_scenario_is_read_from_a_file_and_unknown_keys_are_refused() {
        let text = r#"{
            "server": { "capacity": 4, "changes": [
                { "at": "10s", "condition": { "brown_out": { "slower": 2.0, "fault_rate": 0.1 } } },
                { "at": "20s", "condition": "healthy" } ] },
            "clients": [ { "pattern": { "closed": { "users": 5, "think": { "constant": { "mean": "1s" } } } } } ],
            "duration": "30s", "seed": 3
        }"#;
        let scenario: Scenario = serde_json::from_str(text).unwrap();
        let server = Server::default().capacity(4);
        let server = server.at(secs(10), Condition::BrownOut { slower: 2.0, fault_rate: 0.1 });
        let clients = Clients::closed(5, ServiceTime::constant(secs(1)));
        let expected = Scenario::new(server.at(secs(20), Condition::Healthy), clients);
        assert_eq!(scenario, expected.lasting(secs(30)).seed(3));
        assert!(serde_json::from_str::<Scenario>(r#"{ "sede": 3 }"#).is_err());
    }

    #[test]
    fn a_report_is_written_as_json() {
        let report = play(Scenario::new(server(), Clients::constant(10.0)).lasting(secs(2)));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["name"], "world");
        assert_eq!(json["whole"]["offered"], 19);
        assert_eq!(json["whole"]["latency"]["p99"], "10ms");
        assert_eq!((&json["slices"][1]["from"], &json["slices"][1]["goodput"]), (&"1s".into(), &1.0.into()));
    }
}
