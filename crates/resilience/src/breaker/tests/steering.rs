//! Steered by hand, by several at once, and by configuration while it runs.

use super::*;

#[tokio::test(start_paused = true)]
async fn forced_open_nothing_passes_until_it_is_reset() {
    let breaker = breaker(small());
    breaker.handle().force_open();
    advance(3_600 * SECOND).await;
    let refused = succeed(&breaker).await.unwrap_err();
    assert_eq!(
        refused,
        Error::CircuitOpen { policy: "valuer".into(), retry_after: None, last_failure: None }
    );
    breaker.handle().reset();
    succeed(&breaker).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn forced_closed_it_counts_failures_and_does_not_open() {
    let breaker = opened(small()).await;
    breaker.handle().force_closed();
    for _ in 0..10 {
        assert_eq!(fail(&breaker).await, Err(Error::Operation("down")));
    }
    assert_eq!((breaker.state(), breaker.snapshot().failures), (State::ForcedClosed, 12));
}

#[tokio::test(start_paused = true)]
async fn disabled_it_leaves_no_trace() {
    let breaker = breaker(small());
    breaker.handle().disable();
    let before = breaker.snapshot();
    for _ in 0..10 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.snapshot(), before);
    assert_eq!(before.state, State::Disabled);
}

/// Polly#223: what began before it was forced must not move it.
#[tokio::test(start_paused = true)]
async fn results_from_before_it_was_forced_move_nothing() {
    let breaker = breaker(small().failure_threshold(1));
    let mut overhanging = Box::pin(breaker.call(|| async {
        sleep(SECOND).await;
        Err::<u32, _>("down")
    }));
    assert!(futures::poll!(overhanging.as_mut()).is_pending());
    breaker.handle().reset();
    overhanging.await.unwrap_err();
    assert_eq!((breaker.state(), breaker.snapshot().stale), (State::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn reset_forgets_failures_in_a_row_and_in_the_window() {
    let in_a_row = breaker(small());
    let windowed = breaker(small().window(Window::Count(10)).minimum_calls(2));
    for breaker in [&in_a_row, &windowed] {
        fail(breaker).await.unwrap_err();
        breaker.handle().reset();
        fail(breaker).await.unwrap_err();
        assert_eq!(breaker.state(), State::Closed);
        fail(breaker).await.unwrap_err();
        assert_eq!(breaker.state(), State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn one_switch_isolates_several_also_those_that_come_later() {
    let (first, second) = (breaker(small()), breaker(small()));
    let control = ManualControl::new();
    control.add(&first.handle());
    control.clone().isolate();
    assert!(control.is_isolated());
    control.add(&second.handle());
    for breaker in [&first, &second] {
        assert!(succeed(breaker).await.unwrap_err().is_rejection());
    }
    drop(second);
    control.release();
    succeed(&first).await.unwrap();
}

/// resilience4j#2325, #975, #299: reconfiguring loses neither state nor what was counted, nor who listens.
#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_state_count_and_listeners() {
    let breaker = breaker(small().failure_threshold(5));
    let watch = breaker.handle().watch();
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    breaker.reconfigure(small().failure_threshold(3)).unwrap();
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open, "two before and one after make three");
    assert_eq!(*watch.borrow(), State::Open);
    breaker.reconfigure(small().open_for(60 * SECOND)).unwrap();
    assert_eq!(
        breaker.explain().next_probe,
        Some(10 * SECOND),
        "it stays open for as long as it was going to"
    );
}

#[tokio::test(start_paused = true)]
async fn a_configuration_out_of_range_changes_nothing() {
    let breaker = breaker(small());
    breaker.reconfigure(small().max_probes(0)).unwrap_err();
    assert_eq!(breaker.config(), small());
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_decides_and_counts_and_lets_through() {
    let breaker = breaker(small().shadow(true));
    for _ in 0..5 {
        assert_eq!(fail(&breaker).await, Err(Error::Operation("down")));
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.would_reject, snapshot.rejected), (State::Open, 3, 0));
    advance(10 * SECOND).await;
    succeed(&breaker).await.unwrap();
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed, "its probes are as real as ever");
}

#[tokio::test(start_paused = true)]
async fn a_registry_makes_each_breaker_once_with_what_its_name_calls_for() {
    let registry = CircuitBreakerRegistry::new(small()).unwrap();
    registry.configure("db-*", small().failure_threshold(1)).unwrap();
    registry.configure("*-replica", small().failure_threshold(7)).unwrap();
    let threshold = |name: &str| registry.get(name).config().failure_threshold;
    assert_eq!(
        [threshold("valuer"), threshold("db-listings"), threshold("db-listings-replica"), threshold("db")],
        [2, 1, 7, 2]
    );
    fail(&registry.get("db-listings")).await.unwrap_err();
    assert_eq!(registry.get("db-listings").state(), State::Open, "the same breaker, asked for again");
    let names: Vec<_> = registry.all().iter().map(|breaker| breaker.name().to_owned()).collect();
    assert_eq!(names, ["db", "db-listings", "db-listings-replica", "valuer"]);
    assert!(registry.find("nobody").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_registry_reconfigures_by_pattern_what_is_there_and_what_comes() {
    let registry = CircuitBreakerRegistry::new(small()).unwrap();
    let there = registry.get("search-a");
    let own = breaker(small()).fail_if(|_: &Error<&str>| true);
    registry.register(own.handle());
    fail(&there).await.unwrap_err();
    registry.configure("*", small().failure_threshold(9)).unwrap();
    assert_eq!(there.config().failure_threshold, 9);
    assert_eq!(own.config().failure_threshold, 9);
    assert_eq!(registry.get("search-b").config().failure_threshold, 9);
    let said = registry.configure("search-*", small().max_probes(0)).unwrap_err().to_string();
    assert!(said.contains("`search-*`") && said.contains("max_probes"), "{said}");
    assert_eq!(registry.get("search-c").config().max_probes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_registry_tells_of_all_transitions() {
    let registry = CircuitBreakerRegistry::new(small().failure_threshold(1)).unwrap();
    let before = registry.get("a");
    let heard = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let hearing = heard.clone();
    registry.on_transition(move |transition| hearing.lock().push(transition.to_string()));
    fail(&before).await.unwrap_err();
    fail(&registry.get("b")).await.unwrap_err();
    assert_eq!(
        *heard.lock(),
        ["circuit `a`: closed → open: a call failed", "circuit `b`: closed → open: a call failed"]
    );
}
