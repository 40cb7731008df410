use crate::Attempt;
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
