use super::*;

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_tries_an_endpoint_whose_time_is_over() {
    let hosts = set(config(), 3);
    fail(&hosts, 0);
    advance(10 * SECOND - Duration::from_millis(1)).await;
    assert_eq!(shares(&hosts, 10).get(&0), None);
    advance(Duration::from_millis(1)).await;
    let trial = hosts.choose().unwrap();
    assert_eq!((*trial, trial.is_trial(), standing(&hosts, 0)), (0, true, Standing::Trial));
    assert_eq!(shares(&hosts, 10).get(&0), None, "no second trial beside it");
    drop(trial); // abandoned: the next call may try
    let trial = hosts.choose().unwrap();
    assert!(trial.is_trial());
    trial.record(Verdict::Ignore);
    let trial = hosts.choose().unwrap();
    trial.record(Verdict::Success);
    assert_eq!(standing(&hosts, 0), Standing::In);
    assert_eq!(shares(&hosts, 9)[&0], 3);
}

/// OmniRoute#13836: a trial that never ends must not keep its endpoint out for ever; and what it says in the end is stale.
#[tokio::test(start_paused = true)]
async fn a_trial_that_hangs_loses_its_place_to_another() {
    let hosts = set(config().trial_lease(5 * SECOND), 2);
    fail(&hosts, 0);
    advance(10 * SECOND).await;
    let hung = hosts.choose().unwrap();
    advance(5 * SECOND).await;
    let second = hosts.choose().unwrap();
    assert!(hung.is_trial() && second.is_trial());
    hung.record(Verdict::Success);
    assert_eq!(standing(&hosts, 0), Standing::Trial);
    second.record(Verdict::Failure);
    assert_eq!(remaining(&hosts, 0), 20 * SECOND);
}

/// Polly#223: calls from before must neither open nor close what came after.
#[tokio::test(start_paused = true)]
async fn results_of_calls_from_before_an_ejection_move_nothing() {
    let hosts = set(config(), 2);
    let mut early: Vec<_> = (0..8).map(|_| hosts.choose().unwrap()).filter(|chosen| **chosen == 0).collect();
    assert_eq!(early.len(), 4);
    fail(&hosts, 0);
    early.pop().unwrap().record(Verdict::Success);
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(remaining(&hosts, 0), 10 * SECOND);
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(standing(&hosts, 0), Standing::Trial);
    trial.record(Verdict::Success);
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(standing(&hosts, 0), Standing::In);
    assert_eq!(hosts.snapshot().ejections, 1);
}
