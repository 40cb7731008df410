//! Budget, observer, shadow, configuration.

use super::*;
use crate::{
    Attempt, Budget, BudgetConfig, PolicyExt, Retry, RetryConfig, Verdict,
    telemetry::{Event, OnEvent},
};
use std::sync::{Arc, Mutex};

async fn slow(attempt: Attempt) -> Result<u32, &'static str> {
    tokio::time::sleep(ms(if attempt.copy() == 0 { 200 } else { 10 })).await;
    Ok(attempt.copy())
}

/// failsafe-go#141: a budget that is spent must not make the hedged call fail; the call goes on without the copy.
#[tokio::test(start_paused = true)]
async fn a_refused_copy_is_silent() {
    let budget = Arc::new(Budget::new("b", BudgetConfig::default().share(0.5).min_per_second(0.0)).unwrap());
    let hedge = Hedge::new("h", after(50).max_copies(3)).unwrap().budget(budget.clone());
    assert_eq!(hedge.call_idempotent_with(slow).await, Ok(0), "nothing has been earned");
    assert_eq!(hedge.call_idempotent_with(slow).await, Ok(1), "two calls have earned a copy");
    assert_eq!((hedge.stats().refused, hedge.stats().copies), (1, 1), "and it asks once a call");
    assert_eq!((budget.snapshot().granted, budget.snapshot().refused), (1, 1));
}

/// Retry and hedge take from one purse, and a call through both earns once.
#[tokio::test(start_paused = true)]
async fn retry_and_hedge_share_one_budget() {
    let budget = Arc::new(Budget::new("b", BudgetConfig::default().min_per_second(0.0)).unwrap());
    let guard = (
        Retry::new("r", RetryConfig::STANDARD.seed(1)).unwrap().budget(budget.clone()),
        Hedge::new("h", after(5).max_copies(3)).unwrap().budget(budget.clone()),
    );
    let attempts = Cell::new(0_u64);
    let attempts = &attempts;
    for _ in 0..500 {
        let failed = guard.call_idempotent(|| async {
            attempts.set(attempts.get() + 1);
            tokio::time::sleep(ms(20)).await;
            Err::<(), _>("down")
        });
        failed.await.unwrap_err();
    }
    assert_eq!(attempts.get(), 550);
    assert_eq!(guard.0.stats().extra_attempts + guard.1.stats().copies, 50);
    assert!(guard.1.stats().copies > 0);
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_who_won() {
    let heard = Mutex::new(Vec::new());
    let hedge = Hedge::new("h", after(50)).unwrap().observe(OnEvent::new(|_: &_, event| {
        heard.lock().unwrap().push(event);
    }));
    hedge.call_idempotent_with(slow).await.unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [Event::Hedged(1), Event::HedgeWon(1), Event::Ended(Verdict::Success)]
    );
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_counts_and_lets_through() {
    let hedge = Hedge::new("h", after(50).max_copies(3).shadow(true)).unwrap();
    assert_eq!(hedge.call_idempotent_with(slow).await, Ok(0));
    assert_eq!((hedge.stats().would_hedge, hedge.stats().copies), (1, 0));
    let failed = hedge.call_idempotent(|| async {
        tokio::time::sleep(ms(80)).await;
        Err::<(), _>("down")
    });
    assert_eq!(failed.await, Err(crate::Error::Operation("down")));
    assert_eq!(hedge.stats().would_hedge, 2, "a call is counted once, though it was slow and failed");
}

#[tokio::test(start_paused = true)]
async fn a_new_configuration_keeps_counts_and_what_was_observed() {
    let config = after(50).percentile(0.5).min_calls(3);
    let hedge = Hedge::new("h", config.clone()).unwrap();
    for _ in 0..3 {
        hedge.call_idempotent_with(slow).await.unwrap();
    }
    let (learnt, copies) = (hedge.delay(), hedge.stats().copies);
    assert!(learnt >= ms(60) && learnt < ms(62), "{learnt:?}");
    hedge.reconfigure(config.clone().max_copies(2)).unwrap();
    assert_eq!((hedge.delay(), hedge.stats().copies), (learnt, copies));
    hedge.reconfigure(after(7)).unwrap();
    assert_eq!(hedge.delay(), ms(7));
    assert!(hedge.reconfigure(config.max_copies(11)).is_err());
    assert_eq!(hedge.config().max_copies, 1);
}

#[test]
fn bad_configuration_is_named() {
    let wrong = after(1).percentile(1.0).window(ms(10)).min_calls(0).max_copies(0);
    let said = Hedge::new("h", wrong).unwrap_err();
    let fields: Vec<_> = said.problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(fields, ["percentile", "window", "min_calls", "max_copies"]);
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_humane() {
    let text = r#"{"delay": "50ms", "percentile": 0.95, "window": "2m", "max_copies": 2, "only_after_failure": true}"#;
    let config: HedgeConfig = serde_json::from_str(text).unwrap();
    let expected = after(50).percentile(0.95).window(ms(120_000)).max_copies(2).only_after_failure(true);
    assert_eq!(config, expected);
    let back = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<HedgeConfig>(&back).unwrap(), config);
    assert!(serde_json::from_str::<HedgeConfig>(r#"{"copies": 3}"#).is_err());
}
