use super::*;

#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_leaves_nothing_held() {
    for k in 0..4 {
        let hosts = set(config(), 2);
        fail(&hosts, 0);
        advance(10 * SECOND).await;
        let mut trial = Box::pin(hosts.call(|_| pending::<Result<(), &str>>()));
        for _ in 0..k {
            assert!(futures::poll!(trial.as_mut()).is_pending());
        }
        assert_eq!(standing(&hosts, 0) == Standing::Trial, k > 0);
        drop(trial);
        assert!(hosts.explain().iter().all(|report| report.in_flight == 0), "polled {k} times");
        assert!(hosts.choose().unwrap().is_trial(), "the trial's place is free: polled {k} times");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_call_counts_as_is_a_setting_and_a_panic_is_a_failure() {
    let hosts = set(config().abandoned(Verdict::Failure), 2);
    let mut call = Box::pin(hosts.call(|_| pending::<Result<(), &str>>()));
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    assert_eq!(hosts.snapshot().ejected, 1);

    let hosts = Arc::new(set(config(), 2));
    let shared = hosts.clone();
    let panics = |_| async { if true { panic!("in the operation") } else { Ok::<(), &str>(()) } };
    tokio::spawn(async move { shared.call(panics).await }).await.unwrap_err();
    assert_eq!(hosts.snapshot().ejected, 1);
    assert!(hosts.explain().iter().all(|report| report.in_flight == 0));
}

#[tokio::test(start_paused = true)]
async fn only_what_counts_as_a_failure_ejects() {
    let hosts = set(config(), 2).fail_if(|error: &Error<u16>| matches!(error, Error::Operation(500..)));
    for status in [404, 404, 429, 404] {
        assert_eq!(hosts.call(|_| ready(Err::<(), _>(status))).await, Err(Error::Operation(status)));
    }
    assert_eq!(hosts.snapshot().ejected, 0);
    assert_eq!(hosts.call(|_| ready(Err::<(), _>(503))).await, Err(Error::Operation(503)));
    assert_eq!(hosts.snapshot().ejected, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_outside_tries_another_endpoint_and_the_error_stays_flat() {
    let hosts = Arc::new(set(config(), 3));
    let shared = hosts.clone();
    let spawned = tokio::spawn(async move {
        let guard = (Timeout::new("t", 5 * SECOND).unwrap(), Retry::new("r", RetryConfig::FAST).unwrap());
        let tried = Mutex::new(Vec::new());
        let answer = shared.under(&guard).call(|endpoint, attempt| {
            tried.lock().unwrap().push((*endpoint, attempt.number()));
            assert!(attempt.time_left().is_some());
            ready(Err::<(), _>("down"))
        });
        let error = answer.await.unwrap_err();
        assert_eq!(error.operation(), Some(&"down"));
        tried.into_inner().unwrap()
    });
    let tried = spawned.await.unwrap();
    assert_eq!(tried.iter().map(|(_, attempt)| *attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_ne!(tried[0].0, tried[1].0);
    assert_eq!(hosts.snapshot().ejected, 1);
    let shed = Outliers::<u32>::new("hosts", config(), []).unwrap();
    let retry = Retry::new("r", RetryConfig::FAST).unwrap();
    let refused = shed.under(&retry).call(|_, _| ready(Ok::<(), &str>(()))).await;
    assert!(matches!(refused, Err(Error::Shed { reason: ShedReason::NoEndpoint, .. })));
}
