#![allow(missing_docs, clippy::unwrap_used)]
//! Functions under `#[resilient]` and `#[with_retry]`.

use mainstay_resilience::{
    Bulkhead, BulkheadConfig, Error, Retry, RetryConfig, StoppedBy, Timeout, resilient, with_retry,
};
use std::{
    cell::RefCell,
    fmt::{Debug, Display},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// The error of the functions below; `?` makes one of text.
#[derive(Debug, PartialEq)]
struct Fault(String);

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Fails so many times, then answers.
#[derive(Default)]
struct Flaky {
    failures: AtomicU32,
    calls: AtomicU32,
}

impl Flaky {
    fn failing(times: u32) -> Self {
        Self { failures: times.into(), calls: 0.into() }
    }

    async fn ask(&self) -> Result<u32, &'static str> {
        tokio::task::yield_now().await;
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call <= self.failures.load(Ordering::Relaxed) { Err("down") } else { Ok(call) }
    }
}

type Guard = (Timeout, Retry);

fn guard() -> Guard {
    (
        Timeout::new("t", Duration::from_secs(60)).unwrap(),
        Retry::new("r", RetryConfig::FAST.initial(Duration::from_millis(1))).unwrap(),
    )
}

static GUARD: LazyLock<Guard> = LazyLock::new(guard);

#[with_retry(FAST)]
async fn with_a_preset(server: &Flaky) -> Result<u32, Error<Fault>> {
    let answer = server.ask().await?;
    if answer > 100 {
        return Err(Fault("too many".into()));
    }
    Ok(answer)
}

#[tokio::test(start_paused = true)]
async fn a_function_is_retried_and_its_body_converts_errors_by_itself() {
    assert_eq!(with_a_preset(&Flaky::failing(2)).await, Ok(3));
    let exhausted = with_a_preset(&Flaky::failing(3)).await.unwrap_err();
    let Error::RetriesExhausted { policy, attempts, stopped_by, .. } = &exhausted else {
        panic!("{exhausted:?}")
    };
    assert_eq!((&**policy, *attempts, *stopped_by), ("with_a_preset", 3, StoppedBy::Attempts));
    assert_eq!(exhausted.operation(), Some(&Fault("down".into())));
}

#[with_retry(config = RetryConfig::FAST.max_attempts(2), name = "valuer")]
async fn with_a_config(server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_config_and_the_name_it_was_given() {
    assert_eq!(with_a_config(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(with_a_config(&Flaky::failing(2)).await.unwrap_err().policy(), Some("valuer"));
}

#[with_retry(config = RetryConfig::FAST.max_attempts(0))]
async fn with_a_wrong_config() -> Result<(), Error<Fault>> {
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "#[with_retry]: policy `with_a_wrong_config`: max_attempts = 0 is out of range")]
async fn a_config_out_of_range_panics_at_the_first_call() {
    let _ = with_a_wrong_config().await;
}

#[resilient(policy = GUARD)]
async fn under_a_static(server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[resilient(policy = guard)]
async fn under_an_argument(guard: Arc<Guard>, server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_a_static_or_an_argument() {
    assert_eq!(under_a_static(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(under_an_argument(Arc::new(guard()), &Flaky::failing(1)).await, Ok(2));
}

static CHOSEN: AtomicU32 = AtomicU32::new(0);

fn choose() -> &'static Guard {
    CHOSEN.fetch_add(1, Ordering::Relaxed);
    &GUARD
}

#[resilient(policy = choose())]
async fn under_a_choice(server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_chosen_once_a_call_and_not_once_an_attempt() {
    assert_eq!(under_a_choice(&Flaky::failing(2)).await, Ok(3));
    assert_eq!(CHOSEN.load(Ordering::Relaxed), 1);
}

struct Client<S> {
    guard: Guard,
    server: S,
    asked: u32,
}

impl<S: AsRef<Flaky>> Client<S> {
    #[resilient(policy = self.guard)]
    async fn ask(&self) -> Result<u32, Error<&'static str>> {
        self.server.as_ref().ask().await
    }

    /// `&mut self` is fine as long as the body only looks.
    #[resilient(policy = self.guard)]
    async fn ask_exclusively(&mut self) -> Result<u32, Error<&'static str>> {
        Ok(self.server.as_ref().ask().await? + self.asked)
    }

    #[resilient(policy = self.guard)]
    async fn name<'a>(&'a self, or: &'a str) -> Result<&'a str, Error<&'static str>> {
        self.server.as_ref().ask().await?;
        Ok(or)
    }

    #[resilient(policy = self.guard)]
    async fn shared(self: Arc<Self>) -> Result<u32, Error<&'static str>> {
        self.server.as_ref().ask().await
    }
}

fn client(failures: u32) -> Client<Arc<Flaky>> {
    Client { guard: guard(), server: Arc::new(Flaky::failing(failures)), asked: 40 }
}

#[tokio::test(start_paused = true)]
async fn methods_are_guarded_by_a_field() {
    assert_eq!(client(2).ask().await, Ok(3));
    assert_eq!(client(1).ask_exclusively().await, Ok(42));
    assert_eq!(client(1).name("it").await, Ok("it"));
    assert_eq!(Arc::new(client(1)).shared().await, Ok(2));
}

trait Valuer {
    async fn value(&self, id: u64) -> Result<u64, Error<Fault>>;
}

impl Valuer for Client<Arc<Flaky>> {
    #[resilient(policy = self.guard)]
    async fn value(&self, id: u64) -> Result<u64, Error<Fault>> {
        Ok(id + u64::from(self.server.ask().await?))
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_of_a_trait_keeps_the_trait_s_signature() {
    assert_eq!(client(1).value(40).await, Ok(42));
}

#[resilient(policy = GUARD)]
async fn generic<T, const N: usize>(
    server: &Flaky,
    values: [T; N],
    show: impl Fn(&T) -> String,
    (first, second): (&str, &str),
) -> Result<impl Debug + PartialEq<str>, Error<&'static str>>
where
    T: Display,
{
    server.ask().await?;
    Ok(format!("{first}{}{second}", values.iter().map(&show).collect::<String>()))
}

#[tokio::test(start_paused = true)]
async fn generics_patterns_and_impl_trait_stay_as_they_are() {
    let server = Flaky::failing(1);
    let text = generic(&server, [1, 2, 3], |n| format!("{n};"), ("<", ">")).await.unwrap();
    assert!(text == *"<1;2;3;>", "{text:?}");
}

type Guarded<T> = Result<T, Error<Fault>>;

#[resilient(policy = GUARD)]
async fn by_an_alias(server: &Flaky) -> Guarded<u32> {
    Ok(server.ask().await?)
}

#[tokio::test(start_paused = true)]
async fn the_return_type_may_be_an_alias() {
    assert_eq!(by_an_alias(&Flaky::failing(1)).await, Ok(2));
}

async fn consume(request: Vec<u32>, seen: &RefCell<Vec<usize>>) -> Result<usize, &'static str> {
    seen.borrow_mut().push(request.len());
    Err("again")
}

#[resilient(policy = GUARD, clone(request, count))]
async fn consuming(
    mut request: Vec<u32>,
    mut count: u32,
    seen: &RefCell<Vec<usize>>,
) -> Result<usize, Error<&'static str>> {
    count += 1;
    request.push(count);
    consume(request, seen).await
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_clone_of_what_it_consumes_or_changes() {
    let seen = RefCell::default();
    consuming(vec![7], 1, &seen).await.unwrap_err();
    assert_eq!(*seen.borrow(), [2, 2, 2]);
}

#[resilient(policy = GUARD)]
async fn borrowing(request: String, seen: &RefCell<Vec<*const u8>>) -> Result<(), Error<&'static str>> {
    seen.borrow_mut().push(request.as_ptr());
    Err("again")
}

#[tokio::test(start_paused = true)]
async fn nothing_is_cloned_that_was_not_listed() {
    let (request, seen) = (String::from("the one and only"), RefCell::default());
    let place = request.as_ptr();
    borrowing(request, &seen).await.unwrap_err();
    assert_eq!(*seen.borrow(), [place; 3]);
}

#[tokio::test]
async fn the_future_can_be_spawned() {
    let client = Arc::new(client(0));
    let spawned = tokio::spawn(async move { client.ask().await });
    assert_eq!(spawned.await.unwrap(), Ok(1));
    assert_eq!(tokio::spawn(async { under_a_static(&Flaky::default()).await }).await.unwrap(), Ok(1));
}

/// A policy that takes only what its caller vouches for, as a hedge does.
mod vouched {
    use mainstay_resilience::{Attempt, Idempotent, Policy, PolicyExt};

    #[derive(Debug)]
    pub struct OnlyIdempotent;

    impl<Op: Idempotent> Policy<Op> for &OnlyIdempotent {
        type Future = Op::Future;

        fn run(self, op: Op, attempt: Attempt) -> Op::Future {
            op.start(attempt)
        }
    }

    impl PolicyExt for OnlyIdempotent {}
}

#[resilient(policy = vouched::OnlyIdempotent, idempotent)]
async fn read(server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[tokio::test]
async fn idempotent_functions_may_be_hedged() {
    assert_eq!(read(&Flaky::default()).await, Ok(1));
}

/// Found by another name.
mod elsewhere {
    pub mod inner {
        pub use mainstay_resilience as house;
    }
}

#[resilient(policy = GUARD, crate = elsewhere::inner::house)]
async fn by_another_name(server: &Flaky) -> Result<u32, elsewhere::inner::house::Error<&'static str>> {
    server.ask().await
}

#[with_retry(FAST, crate = crate::elsewhere::inner::house)]
async fn retried_by_another_name(server: &Flaky) -> Result<u32, Error<&'static str>> {
    server.ask().await
}

#[tokio::test(start_paused = true)]
async fn the_crate_may_have_another_name() {
    assert_eq!(by_another_name(&Flaky::failing(1)).await, Ok(2));
    assert_eq!(retried_by_another_name(&Flaky::failing(1)).await, Ok(2));
}

static ONE_PLACE: LazyLock<Bulkhead> =
    LazyLock::new(|| Bulkhead::new("one", BulkheadConfig::NORMAL.max_concurrent(1).max_queued(0)).unwrap());

#[resilient(policy = ONE_PLACE)]
async fn alone() -> Result<(), Error<Fault>> {
    std::future::pending().await
}

/// What a dropped pipeline gives back, a dropped function gives back.
#[tokio::test(start_paused = true)]
async fn dropping_the_call_gives_back_what_it_held() {
    tokio::time::timeout(Duration::from_secs(1), alone()).await.unwrap_err();
    use mainstay_resilience::PolicyExt;
    let after = ONE_PLACE.call(|| async { Ok::<_, Fault>(ONE_PLACE.snapshot().running) }).await;
    assert_eq!(after, Ok(1));
}

/// The body must not see `PolicyExt`, whose methods would stand in the way of others of the same name.
#[resilient(policy = GUARD)]
async fn with_a_call_of_its_own(server: &Flaky) -> Result<u32, Error<&'static str>> {
    trait Dial {
        async fn call(&self, number: u32) -> Result<u32, &'static str>;
    }
    impl Dial for (Timeout, Retry) {
        async fn call(&self, number: u32) -> Result<u32, &'static str> {
            Ok(number)
        }
    }
    GUARD.call(server.ask().await?).await
}

#[tokio::test]
async fn the_body_s_own_traits_come_first() {
    assert_eq!(with_a_call_of_its_own(&Flaky::default()).await, Ok(1));
}
