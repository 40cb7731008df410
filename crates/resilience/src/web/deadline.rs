use crate::{
    Attempt,
    timeout::deadline::{TIMEOUT_MS, to_millis},
};
use axum::http::{HeaderValue, Request};
use std::time::Duration;
use tokio::time::Instant;

/// When a request is given up; an extension of every request that came through [`limit_time`](super::limit_time).
///
/// ```
/// # use axum::Extension;
/// # use mainstay_resilience::{Error, PolicyExt, Retry, web::Deadline};
/// # async fn ask() -> Result<String, std::io::Error> { Ok(String::new()) }
/// # fn valuer() -> &'static Retry { unimplemented!() }
/// async fn handler(Extension(deadline): Extension<Deadline>) -> Result<String, Error<std::io::Error>> {
///     // No attempt is made for which there is no time.
///     valuer().call_within(deadline.attempt(), |_| ask()).await
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The end of the time that is `left` from now on.
    pub(super) fn after(left: Option<Duration>) -> Self {
        Self(left.and_then(|left| Instant::now().checked_add(left)))
    }

    /// What is left of the time; `None` where there is no limit to it.
    pub fn time_left(&self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// The first attempt of a call that must be over by then.
    pub fn attempt(&self) -> Attempt {
        self.time_left().map_or(Attempt::first(), |left| Attempt::first().within(left))
    }
}

/// Writes what `attempt` has left into a request that goes out, in place of what stood there: for
/// `PolicyLayer::on_attempt`.
pub fn pass_deadline<B>(request: &mut Request<B>, attempt: Attempt) {
    let left = attempt.time_left().and_then(|left| HeaderValue::try_from(to_millis(left)).ok());
    if let Some(left) = left {
        request.headers_mut().insert(TIMEOUT_MS, left);
    }
}
