use super::*;

#[tokio::test(start_paused = true)]
async fn endpoints_come_and_go_and_the_cap_holds() {
    let hosts = set(config(), 4);
    fail(&hosts, 0);
    advance(SECOND).await;
    fail(&hosts, 1);
    assert_eq!(hosts.snapshot().ejected, 2);
    assert!(hosts.remove(&3) && !hosts.remove(&3));
    assert_eq!((is_out(&hosts, 0), is_out(&hosts, 1)), (false, true), "the one due first comes back");
    assert_eq!(hosts.snapshot().readmissions, 1);
    assert!(hosts.add(7) && !hosts.add(7));
    assert_eq!(shares(&hosts, 9), HashMap::from([(0, 3), (2, 3), (7, 3)]));
    hosts.update([1, 2, 8]);
    assert_eq!(hosts.explain().iter().map(|report| *report.endpoint).collect::<Vec<_>>(), [1, 2, 8]);
    assert!(is_out(&hosts, 1), "what is known of those that stay is kept");
    hosts.update([]);
    assert!(hosts.choose().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_to_an_endpoint_that_was_taken_away_moves_nothing() {
    let hosts = set(config(), 2);
    let (first, second) = (hosts.choose().unwrap(), hosts.choose().unwrap());
    let gone = *first;
    assert!(hosts.remove(&gone));
    first.record(Verdict::Failure);
    assert!(hosts.add(gone));
    second.record(Verdict::Success);
    assert_eq!((hosts.snapshot().ejections, hosts.explain()[1].in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_what_it_knows_and_brings_back_who_may_not_be_out() {
    let hosts = set(config(), 4);
    fail(&hosts, 0);
    advance(SECOND).await;
    fail(&hosts, 1);
    hosts.reconfigure(config().consecutive_failures(3)).unwrap();
    assert_eq!((remaining(&hosts, 0), remaining(&hosts, 1)), (9 * SECOND, 10 * SECOND));
    fail(&hosts, 2);
    assert!(!is_out(&hosts, 2));
    hosts.reconfigure(config().max_ejected_percent(25)).unwrap();
    assert_eq!((is_out(&hosts, 0), is_out(&hosts, 1)), (false, true));
    assert!(hosts.reconfigure(config().max_ejected_percent(101)).is_err());
    assert_eq!(hosts.config().max_ejected_percent, 25);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_it_counts_and_ejects_nobody() {
    let hosts = set(config().shadow(true).consecutive_failures(2), 3);
    for _ in 0..6 {
        fail(&hosts, 0);
    }
    let now = hosts.snapshot();
    assert_eq!((now.would_eject, now.ejections, now.ejected), (3, 0, 0));
    assert_eq!(shares(&hosts, 9)[&0], 3);
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_ejections_and_readmissions() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let hosts = set(config(), 2).observe(OnEvent::new(move |policy: &PolicyId, event| {
        assert_eq!(policy.to_string(), "outliers `hosts`");
        heard.lock().unwrap().push(event);
    }));
    say(&hosts, 1, Verdict::Failure);
    advance(10 * SECOND).await;
    say(&hosts, 1, Verdict::Success);
    let (failed, succeeded) = (Event::Ended(Verdict::Failure), Event::Ended(Verdict::Success));
    assert_eq!(*events.lock().unwrap(), [failed, Event::Ejected, succeeded, Event::Readmitted]);
}

#[tokio::test(start_paused = true)]
async fn it_explains_why_each_endpoint_is_in_or_out() {
    let hosts = Outliers::new("hosts", config().consecutive_failures(2), ["a", "b", "c"]).unwrap();
    let mut calls: Vec<_> = (0..6).map(|_| hosts.choose().unwrap()).collect();
    calls.sort_by_key(|chosen| **chosen);
    for (n, chosen) in calls.into_iter().enumerate() {
        chosen.record(if n < 5 { Verdict::Failure } else { Verdict::Success });
    }
    let said: Vec<_> = hosts.explain().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            r#""a" is out for another 10s, the 1st time: 2 failures in a row"#,
            r#""b" is in, though 2 failures in a row: no more may be ejected"#,
            r#""c" is in: 0 of 0 calls failed, 0 in a row"#,
        ]
    );
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    assert_eq!(hosts.explain()[0].to_string(), r#""a" is out, and on trial"#);
    trial.record(Verdict::Failure);
    let said = hosts.explain()[0].to_string();
    assert_eq!(said, r#""a" is out for another 20s, the 2nd time: its trial failed"#);
    let rate = Cause::FailureRate { rate: 0.875, calls: 16 };
    assert_eq!(rate.to_string(), "87.5 % of 16 calls failed");
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_all_at_once() {
    let wrong = OutliersConfig::default()
        .consecutive_failures(0)
        .failure_rate(1.5)
        .deviation(-1.0)
        .window(Duration::ZERO)
        .min_calls(0)
        .base_ejection(Duration::ZERO)
        .max_ejection(Duration::MAX)
        .max_ejected_percent(101)
        .trial_lease(Duration::ZERO);
    let problems = Outliers::<u32>::new("hosts", wrong, []).unwrap_err().problems;
    let fields: Vec<_> = problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(
        fields,
        [
            "consecutive_failures",
            "failure_rate",
            "deviation",
            "window",
            "min_calls",
            "base_ejection",
            "trial_lease",
            "max_ejection",
            "max_ejected_percent"
        ]
    );
    assert_eq!(
        problems[1].to_string(),
        "failure_rate = Some(1.5) is out of range: it must be above 0, at most 1, or absent for never"
    );
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_and_unknown_fields_are_refused() {
    let text = r#"{"consecutive_failures": null, "failure_rate": 0.5, "base_ejection": "5s",
                   "strategy": "two_choices", "when_none": "use_all", "max_ejected_percent": 30}"#;
    let config: OutliersConfig = serde_json::from_str(text).unwrap();
    let expected = OutliersConfig::default()
        .consecutive_failures(None)
        .failure_rate(0.5)
        .base_ejection(5 * SECOND)
        .strategy(Strategy::TwoChoices)
        .when_none(WhenNone::UseAll)
        .max_ejected_percent(30);
    assert_eq!(config, expected);
    assert!(serde_json::from_str::<OutliersConfig>(r#"{"max_ejected": 30}"#).is_err());
}

#[test]
fn a_set_is_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Outliers<String>>();
    is_shared::<Chosen<'_, String>>();
}
