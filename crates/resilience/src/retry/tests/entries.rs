use super::*;
use crate::{Attempt, Error, StoppedBy};
use tokio::time::Instant;

/// A connection that must be borrowed mutably.
#[derive(Debug, Default)]
struct Connection {
    asked: u32,
}

impl Connection {
    async fn ask(&mut self) -> Result<u32, &'static str> {
        self.asked += 1;
        tokio::task::yield_now().await;
        if self.asked < 3 { Err("reset") } else { Ok(self.asked) }
    }
}

/// backon#49: with `FnMut() -> Fut` the captured variable escapes; passed by value, a mutable borrow goes in and comes back.
#[tokio::test(start_paused = true)]
async fn a_context_may_be_a_mutable_borrow() {
    let retry = Retry::new("r", exact(5)).unwrap();
    let mut connection = Connection::default();
    let (_, answer) = retry
        .call_with_context(&mut connection, |connection, _| async move {
            let answer = connection.ask().await;
            (connection, answer)
        })
        .await;
    assert_eq!((answer, connection.asked), (Ok(3), 3));
}

#[tokio::test(start_paused = true)]
async fn the_context_comes_back_whatever_the_outcome() {
    let retry = Retry::new("r", exact(2)).unwrap();
    let (text, answer) = retry
        .call_with_context(String::new(), |mut text, attempt: Attempt| async move {
            text.push_str(&attempt.number().to_string());
            (text, Err::<(), _>("down"))
        })
        .await;
    assert_eq!(text, "12");
    let Err(Error::RetriesExhausted { attempts: 2, stopped_by: StoppedBy::Attempts, .. }) = answer else {
        panic!("{answer:?}")
    };
    let once = Retry::new("r", exact(2)).unwrap().retry_if(|_: &Error<&str>| false);
    let (text, answer) =
        once.call_with_context(text, |text, _| async move { (text, Err::<(), _>("no such home")) }).await;
    assert_eq!((&*text, answer), ("12", Err(Error::Operation("no such home"))));
}

/// The context is inside the attempt, so no attempt is dropped; nor is it told of a deadline that nobody enforces.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_has_the_context_is_never_dropped() {
    let retry = Retry::new("r", exact(2).attempt_timeout(ms(100))).unwrap();
    let (context, answer) = retry
        .call_with_context(7, |context, attempt: Attempt| async move {
            assert_eq!(attempt.time_left(), None);
            tokio::time::sleep(ms(500)).await;
            (context, Ok::<_, &str>("late"))
        })
        .await;
    assert_eq!((context, answer), (7, Ok("late")));
}

/// backon PR#183: an async closure that changes what it captures.
#[tokio::test(start_paused = true)]
async fn an_async_closure_may_change_what_it_captures() {
    let retry = Retry::new("r", exact(5)).unwrap();
    let mut connection = Connection::default();
    let began = Instant::now();
    let answer = retry.call_mut(async |_| connection.ask().await).await;
    assert_eq!((answer, connection.asked), (Ok(3), 3));
    assert_eq!(began.elapsed(), ms(300));
    assert_eq!((retry.stats().retried, retry.stats().recovered), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_async_closures_attempt_is_dropped_at_its_limit() {
    let retry = Retry::new("r", exact(3).attempt_timeout(ms(100)).max_elapsed(ms(250))).unwrap();
    let (mut starts, began) = (Vec::new(), Instant::now());
    let error = retry
        .call_mut(async |_| {
            starts.push(began.elapsed());
            std::future::pending::<Result<(), &str>>().await
        })
        .await
        .unwrap_err();
    assert_eq!(starts, [0, 200].map(ms));
    assert!(error.is_timeout());
    let Error::RetriesExhausted { stopped_by: StoppedBy::MaxElapsed, .. } = error else {
        panic!("{error:?}")
    };
}

/// rust-lang/rust#138207: the future of an async closure with captures of its own is `Send` where it is spawned as it is;
/// the entry with a context is `Send` also where it borrows locals of the task.
#[tokio::test(start_paused = true)]
async fn both_entries_are_send_where_their_operation_is() {
    let spawned = tokio::spawn(async {
        let retry = Retry::new("r", exact(5)).unwrap();
        let mut asked = 0;
        retry
            .call_mut(async move |_| {
                asked += 1;
                tokio::task::yield_now().await;
                if asked < 3 { Err("reset") } else { Ok(asked) }
            })
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(3));
    let spawned = tokio::spawn(async {
        let retry = Retry::new("r", exact(5)).unwrap();
        let mut connection = Connection::default();
        let (_, answer) = retry
            .call_with_context(&mut connection, |connection, _| async move {
                let answer = connection.ask().await;
                (connection, answer)
            })
            .await;
        answer
    });
    assert_eq!(spawned.await.unwrap(), Ok(3));
}

#[test]
fn a_first_success_allocates_nothing_by_either_entry() {
    let retry = Retry::new("r", exact(3)).unwrap();
    let mut answers = (None, None);
    let spent = allocation_counter::measure(|| {
        let with_context =
            retry.call_with_context(1, |context, _| std::future::ready((context, Ok::<_, &str>(2))));
        let by_closure = retry.call_mut(async |_| Ok::<_, &str>(3));
        answers =
            (futures::FutureExt::now_or_never(with_context), futures::FutureExt::now_or_never(by_closure));
    });
    assert_eq!((answers, spent.count_total), ((Some((1, Ok(2))), Some(Ok(3))), 0));
}
