use super::*;
use crate::{
    Error, PolicyExt, StoppedBy, Verdict,
    telemetry::{Event, OnEvent},
};
use std::{
    cell::{Cell, RefCell},
    future::ready,
    sync::Mutex,
};
use tokio::time::Instant;

/// backon#225: a hook that hears of each failure before the pause.
#[tokio::test(start_paused = true)]
async fn the_hook_hears_of_each_pause_with_error_attempt_and_length() {
    let heard = RefCell::new(Vec::new());
    let retry =
        Retry::new("r", exact(3)).unwrap().notify(|failed: Result<&(), &Error<String>>, attempts, pause| {
            heard.borrow_mut().push((failed.unwrap_err().to_string(), attempts, pause));
        });
    let failed = retry.call_with(|attempt| ready(Err::<(), _>(format!("fault {}", attempt.number()))));
    failed.await.unwrap_err();
    let expected = [("fault 1".to_owned(), 1, ms(100)), ("fault 2".to_owned(), 2, ms(200))];
    assert_eq!(*heard.borrow(), expected, "and not of the last, which no pause follows");
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_every_step() {
    let heard = Mutex::new(Vec::new());
    let retry = Retry::new("r", exact(3)).unwrap().observe(OnEvent::new(|_: &_, event| {
        heard.lock().unwrap().push(event);
    }));
    let said = || std::mem::take(&mut *heard.lock().unwrap());
    let retrying = |attempts, pause| Event::Retrying { attempts, pause: ms(pause) };

    retry.call(|| ready(Ok::<_, &str>(()))).await.unwrap();
    assert_eq!(said(), [Event::Ended(Verdict::Success)]);
    let recovers = retry.call_with(|attempt| ready(if attempt.number() < 2 { Err("down") } else { Ok(()) }));
    recovers.await.unwrap();
    assert_eq!(said(), [retrying(1, 100), Event::Recovered { attempts: 2 }, Event::Ended(Verdict::Success)]);
    retry.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    let gave_up = Event::GaveUp { attempts: 3, stopped_by: StoppedBy::Attempts };
    assert_eq!(said(), [retrying(1, 100), retrying(2, 200), gave_up, Event::Ended(Verdict::Failure)]);
}

/// In shadow mode it decides and counts, and the call is as it would be without.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_counts_and_lets_through() {
    let heard = Mutex::new(Vec::new());
    let retry = Retry::new("r", exact(3).attempt_timeout(ms(10)).shadow(true)).unwrap().observe(
        OnEvent::new(|_: &_, event| {
            heard.lock().unwrap().push(event);
        }),
    );
    let (attempts, began) = (Cell::new(0), Instant::now());
    let attempts = &attempts;
    let failed = retry.call(|| async {
        attempts.set(attempts.get() + 1);
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    assert_eq!(failed.await, Err(Error::Operation("down")));
    assert_eq!((attempts.get(), began.elapsed()), (1, ms(50)));
    let stats = retry.stats();
    assert_eq!((stats.would_retry, stats.retried, stats.exhausted), (1, 0, 0));
    assert_eq!(*heard.lock().unwrap(), [Event::WouldAct, Event::Ended(Verdict::Failure)]);
}

/// resilience4j#2325: a new configuration keeps what was counted, and those who watch.
#[tokio::test(start_paused = true)]
async fn a_new_configuration_keeps_counts_and_holds_for_the_call_under_way() {
    let retry = Retry::new("r", exact(10)).unwrap();
    let began = Instant::now();
    let failed = retry.call_with(|attempt| {
        if attempt.number() == 2 {
            retry.reconfigure(exact(3).initial(ms(1_000)).max(ms(1_000))).unwrap();
        }
        ready(Err::<(), _>("down"))
    });
    let error = failed.await.unwrap_err();
    assert!(matches!(error, Error::RetriesExhausted { attempts: 3, .. }), "{error:?}");
    assert_eq!(began.elapsed(), ms(1_100), "a pause of 100 ms by the old, of a second by the new");
    assert_eq!((retry.stats().extra_attempts, retry.config().max_attempts), (2, 3));
}

#[test]
fn a_wrong_configuration_is_refused_and_changes_nothing() {
    let retry = Retry::new("r", exact(3)).unwrap();
    assert!(retry.reconfigure(exact(0)).is_err());
    assert_eq!(retry.config().max_attempts, 3);
}
