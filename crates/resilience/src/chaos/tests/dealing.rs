use super::*;

#[tokio::test]
async fn the_rate_is_the_share_of_calls() {
    for rate in [0.05, 0.5, 0.95] {
        let chaos = Chaos::new("c", on().fault(Injection::rate(rate))).unwrap().fault(|_| "injected");
        pattern!(chaos, 10_000);
        let share = chaos.stats().faults as f64 / 10_000.0;
        assert!((share - rate).abs() < 0.02, "{share} instead of {rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_deals_the_nth_call_the_same_whatever_else_goes_on() {
    let config = || on().fault(Injection::rate(0.3));
    let alone = Chaos::new("c", config()).unwrap().fault(|_| "injected");
    let expected = pattern!(alone, 200);
    assert!(expected.contains(&true) && expected.contains(&false));

    // Policies that draw numbers of their own, and delays beside the faults, shift nothing.
    let delayed = config().latency(Injection::rate(0.5), SECOND);
    let retry = Retry::new("r", RetryConfig::NONE.seed(7)).unwrap();
    let among = (retry, Chaos::new("c", delayed).unwrap().fault(|_| "injected"));
    assert_eq!(pattern!(among, 200), expected);
    assert!(among.1.stats().delays > 0);

    let other = Chaos::new("c", config().seed(8)).unwrap().fault(|_| "injected");
    assert_ne!(pattern!(other, 200), expected);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_strikes_in_its_windows_only() {
    let once = Window::new(10 * SECOND, 5 * SECOND);
    let again = Window::new(20 * SECOND, 2 * SECOND).every(10 * SECOND);
    let config = on().fault(Injection::during(once).window(again));
    let chaos = Chaos::new("c", config).unwrap().fault(|_| "injected");
    let mut struck = Vec::new();
    for second in 0..45_u64 {
        if pattern!(chaos, 1) == [false] {
            struck.push(second);
        }
        advance(SECOND).await;
    }
    assert_eq!(struck, [10, 11, 12, 13, 14, 20, 21, 30, 31, 40, 41]);
}

#[tokio::test]
async fn it_can_be_aimed_by_attempt() {
    let chaos = Chaos::new("c", on().fault(always()))
        .unwrap()
        .fault(|_| "injected")
        .only(|target| target.attempt.number() < 3);
    let retry = Retry::new("r", RetryConfig::FAST.initial(Duration::ZERO)).unwrap();
    let guard = (retry, chaos);
    assert_eq!(guard.call_with(|attempt| ready(Ok(attempt.number()))).await, Ok(3));
    assert_eq!((guard.1.stats().faults, guard.1.stats().drawn), (2, 2));
}

#[tokio::test]
async fn it_can_be_aimed_by_label() {
    let chaos = Chaos::new("c", on().fault(always()).label("search")).unwrap().fault(|_| "injected");
    assert_eq!(pattern!(chaos, 1), [true]);
    let (search, detail) = (chaos.labelled("search"), chaos.labelled("detail"));
    assert_eq!((pattern!(search, 1), pattern!(detail, 1)), (vec![false], vec![true]));
    let by_closure = Chaos::new("c", on().fault(always()))
        .unwrap()
        .fault(|_| "injected")
        .only(|t| t.label == Some("search"));
    let (search, detail) = (by_closure.labelled("search"), by_closure.labelled("detail"));
    assert_eq!((pattern!(search, 1), pattern!(detail, 1)), (vec![false], vec![true]));
}
