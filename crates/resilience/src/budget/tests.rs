use super::*;
use crate::{Error, PolicyExt, Retry, RetryConfig, StoppedBy, retry::Jitter};
use std::{cell::Cell, future::ready, sync::Arc, time::Duration};
use tokio::time::Instant;

fn budget(config: BudgetConfig) -> Arc<Budget> {
    Arc::new(Budget::new("valuer", config).unwrap())
}

/// No floor: the share alone.
fn share(share: f64) -> BudgetConfig {
    BudgetConfig::default().share(share).min_per_second(0.0)
}

fn retry(budget: &Arc<Budget>) -> Retry {
    Retry::new("r", RetryConfig::STANDARD.seed(1)).unwrap().budget(budget.clone())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn ten_calls_earn_one_retry() {
    let budget = budget(share(0.1));
    let retry = retry(&budget);
    for _ in 0..9 {
        retry.call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    }
    assert_eq!(budget.snapshot().available, 0);
    let attempts = Cell::new(0);
    let failing = || {
        attempts.set(attempts.get() + 1);
        ready(Err::<(), _>("down"))
    };
    let error = retry.call(failing).await.unwrap_err();
    assert_eq!(attempts.get(), 2, "the tenth call earned the tenth tenth");
    assert!(matches!(error, Error::RetriesExhausted { attempts: 2, stopped_by: StoppedBy::Budget, .. }));
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.available, snapshot.granted, snapshot.refused), (0, 1, 1));
    assert_eq!(retry.stats().refused, 1);
}

/// dotnet/extensions#7686: a retry that was suppressed must be seen: in the error, in the counts, by the observer.
#[tokio::test(start_paused = true)]
async fn a_refused_retry_is_observable() {
    use crate::telemetry::{Event, OnEvent};
    let heard = std::sync::Mutex::new(Vec::new());
    let budget = budget(share(0.0));
    let retry = retry(&budget).observe(OnEvent::new(|_: &_, event| heard.lock().unwrap().push(event)));
    let error = retry.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!(error.to_string(), "retry `r` gave up after 1 attempts (the retry budget is spent): down");
    assert_eq!(error.operation(), Some(&"down"));
    assert!(heard.lock().unwrap().contains(&Event::BudgetSpent));
    assert_eq!((budget.snapshot().refused, retry.stats().refused), (1, 1));
}

/// opendal#7376, Polly#2348: in a full outage all attempts together stay within a tenth of the calls, however many each
/// call would like.
#[tokio::test(start_paused = true)]
async fn in_a_full_outage_attempts_stay_within_the_share() {
    let budget = budget(BudgetConfig::default());
    let retry = Arc::new(retry(&budget));
    let attempts = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut calls = Vec::new();
    for _ in 0..6_000 {
        let (retry, attempts) = (retry.clone(), attempts.clone());
        calls.push(tokio::spawn(async move {
            let failing = || async {
                attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err::<(), _>("down")
            };
            retry.call(failing).await.unwrap_err();
        }));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for call in calls {
        call.await.unwrap();
    }
    let attempts = attempts.load(std::sync::atomic::Ordering::Relaxed);
    assert!(attempts <= 6_600, "{attempts} attempts for 6,000 calls");
    assert!(attempts > 6_500, "and the share is used: {attempts}");
    let snapshot = budget.snapshot();
    assert_eq!(snapshot.granted, attempts - 6_000);
    assert!(snapshot.refused > 5_000, "{snapshot:?}");
}

/// failsafe-go#139, dotnet/extensions#7686: whoever calls rarely can retry, too.
#[tokio::test(start_paused = true)]
async fn the_floor_serves_a_service_that_calls_rarely() {
    let budget = budget(BudgetConfig::default());
    let retry = Retry::new("r", RetryConfig::FAST.max_attempts(2)).unwrap().budget(budget.clone());
    for call in 1..=30 {
        let answer =
            retry.call_with(|attempt| ready(if attempt.number() == 1 { Err("reset") } else { Ok(()) }));
        assert_eq!(answer.await, Ok(()), "call {call}");
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!((budget.snapshot().granted, budget.snapshot().refused), (30, 0));
}

/// The floor is the least there is, not a second share on top of the first.
#[tokio::test(start_paused = true)]
async fn the_floor_adds_nothing_where_the_share_is_more() {
    for (calls_a_second, expected) in [(100, 10.0), (20, 2.0), (2, 1.0)] {
        let budget = budget(BudgetConfig::default());
        let began = Instant::now();
        while began.elapsed() < 100 * SECOND {
            let _ = budget.count_call(crate::Attempt::first());
            for _ in 0..4 {
                budget.grant();
            }
            tokio::time::sleep(SECOND / calls_a_second).await;
        }
        let a_second = budget.snapshot().granted as f64 / 100.0;
        assert!(
            (a_second - expected).abs() <= 0.02 * expected + 0.01,
            "{calls_a_second}: {a_second} a second"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn savings_and_debts_have_an_end() {
    let budget = budget(BudgetConfig::default().max_saved(5).min_per_second(2.0));
    for _ in 0..1_000 {
        let _ = budget.count_call(crate::Attempt::first());
    }
    assert_eq!(budget.snapshot().available, 5);
    // For a minute nobody earns, and the floor grants two a second.
    for _ in 0..240 {
        budget.grant();
        tokio::time::sleep(SECOND / 4).await;
    }
    let granted = budget.snapshot().granted;
    assert!((120..=127).contains(&granted), "{granted}");
    // Of the debt no more than five are to be earned back: by 50 calls, and by 10 more the next.
    budget.reconfigure(BudgetConfig::default().max_saved(5).min_per_second(0.0)).unwrap();
    for _ in 0..59 {
        let _ = budget.count_call(crate::Attempt::first());
    }
    assert!(!budget.grant());
    let _ = budget.count_call(crate::Attempt::first());
    assert!(budget.grant());
}

/// A call is one call, however many policies that share the budget it passes.
#[tokio::test(start_paused = true)]
async fn a_call_that_passes_several_policies_of_one_budget_earns_once() {
    let (shared, other) = (budget(share(0.5)), budget(share(0.5)));
    let inner = retry(&other);
    let guard = (retry(&shared), &inner, retry(&shared));
    let shared_twice = (retry(&shared), retry(&shared));
    for _ in 0..4 {
        shared_twice.call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    }
    assert_eq!(shared.snapshot().available, 2);
    // A budget of another callee in between counts for itself; the inner one then counts again, since only the nearest is known.
    guard.call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    inner.call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    assert_eq!(other.snapshot().available, 1);
}

/// The retries of nested policies come out of one purse: three times three attempts do not become nine.
#[tokio::test(start_paused = true)]
async fn nested_retries_share_one_budget() {
    let budget = budget(share(0.1));
    let exact = || RetryConfig::FAST.jitter(Jitter::None);
    let guard = (
        Retry::new("outer", exact()).unwrap().budget(budget.clone()),
        Retry::new("inner", exact()).unwrap().budget(budget.clone()),
    );
    let attempts = Cell::new(0);
    for _ in 0..200 {
        let failed = guard.call(|| {
            attempts.set(attempts.get() + 1);
            ready(Err::<(), _>("down"))
        });
        failed.await.unwrap_err();
    }
    assert_eq!(attempts.get(), 220);
}

#[test]
fn a_new_configuration_keeps_what_was_saved() {
    let budget = budget(share(1.0));
    for _ in 0..8 {
        let _ = budget.count_call(crate::Attempt::first());
    }
    budget.grant();
    budget.reconfigure(share(0.5)).unwrap();
    assert_eq!((budget.snapshot().available, budget.snapshot().granted), (7, 1));
    assert!(budget.reconfigure(share(1.5)).is_err());
    assert_eq!(budget.config().share, 0.5);
}

#[test]
fn bad_configuration_is_named() {
    let wrong = BudgetConfig::default().share(f64::NAN).min_per_second(-1.0).max_saved(0);
    let said = Budget::new("b", wrong).unwrap_err();
    let fields: Vec<_> = said.problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(fields, ["share", "min_per_second", "max_saved"]);
}

/// Many threads at once: not one is granted that was not earned.
#[test]
fn no_retry_is_granted_twice_under_contention() {
    let budget = budget(share(1.0).max_saved(1_000_000));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    let _ = budget.count_call(crate::Attempt::first());
                    budget.grant();
                    budget.grant();
                }
            });
        }
    });
    let snapshot = budget.snapshot();
    assert_eq!(snapshot.granted + snapshot.available, 20_000);
    assert_eq!(snapshot.granted + snapshot.refused, 40_000);
}

#[tokio::test(start_paused = true)]
async fn a_first_success_under_a_budget_allocates_nothing() {
    let retry = retry(&budget(BudgetConfig::default()));
    let mut answer = None;
    let spent = allocation_counter::measure(|| {
        answer = futures::FutureExt::now_or_never(retry.call(|| ready(Ok::<_, &str>(7))));
    });
    assert_eq!((answer, spent.count_total), (Some(Ok(7)), 0));
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_humane() {
    let config: BudgetConfig = serde_json::from_str(r#"{"share": 0.2, "min_per_second": 10}"#).unwrap();
    assert_eq!(config, BudgetConfig::default().share(0.2).min_per_second(10.0));
    assert!(serde_json::from_str::<BudgetConfig>(r#"{"ratio": 0.2}"#).is_err());
}
