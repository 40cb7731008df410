use super::*;

#[test]
fn endpoints_take_turns() {
    assert_eq!(shares(&set(config(), 3), 300), HashMap::from([(0, 100), (1, 100), (2, 100)]));
}

#[test]
fn of_two_drawn_at_random_the_less_busy_is_chosen() {
    let two_choices = |seed| set(config().strategy(Strategy::TwoChoices).seed(seed), 2);
    let hosts = two_choices(1);
    let slow = hosts.choose().unwrap();
    for _ in 0..50 {
        let chosen = hosts.choose().unwrap();
        assert_ne!(*chosen, *slow, "the other has none in flight");
    }
    drop(slow);
    let (first, again, other) =
        (shares(&two_choices(1), 99), shares(&two_choices(1), 99), shares(&two_choices(2), 99));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let many = shares(&set(config().strategy(Strategy::TwoChoices).seed(3), 10), 10_000);
    assert!(many.values().all(|share| (800..1_200).contains(share)), "{many:?}");
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_a_call_is_shed_and_told_when_to_come_again() {
    let hosts = set(config().max_ejected_percent(100).allow_none(true), 2);
    fail(&hosts, 0);
    advance(3 * SECOND).await;
    fail(&hosts, 1);
    let shed = hosts.call(|_| ready(Ok::<(), &str>(()))).await.unwrap_err();
    let (reason, retry_after) = (ShedReason::NoEndpoint, Some(7 * SECOND));
    assert_eq!(shed, Error::Shed { policy: "hosts".into(), reason, retry_after });
    assert_eq!(hosts.snapshot().rejected, 1);
    let empty = set(config(), 0);
    let none = empty.choose().unwrap_err();
    assert_eq!(none.to_string(), "`hosts` has no endpoint left to call");
    assert_eq!(none.retry_after, None);
}

#[tokio::test(start_paused = true)]
async fn all_are_used_where_none_is_left_if_so_set() {
    let panic_mode = config().max_ejected_percent(100).allow_none(true).when_none(WhenNone::UseAll);
    let hosts = set(panic_mode.clone(), 3);
    for endpoint in 0..3 {
        fail(&hosts, endpoint);
    }
    assert_eq!(shares(&hosts, 9), HashMap::from([(0, 3), (1, 3), (2, 3)]));
    assert_eq!(hosts.snapshot().ejected, 3, "their answers move nothing; a trial does");
    assert!(set(panic_mode, 0).choose().is_err());
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    assert!(trial.is_trial());
    trial.record(Verdict::Success);
    assert_eq!(hosts.snapshot().ejected, 2);
}

#[test]
fn choosing_and_recording_allocates_nothing() {
    let hosts = set(OutliersConfig::default(), 3);
    drop(hosts.choose());
    let spent = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            hosts.choose().unwrap().record(Verdict::Success);
        }
    });
    assert_eq!(spent.count_total, 0);
}
