use super::{TimeoutConfig, TimeoutFuture};
use crate::{Attempt, ConfigError, Operation, Policy, PolicyExt};
use std::sync::Arc;

/// Cancels an operation that takes too long.
///
/// The timer is armed only once the operation has returned `Pending`, so an answer that is ready costs no timer and no
/// look at the clock. The limit inward is handed on as [`Attempt::time_left`].
///
/// ```
/// # use mainstay_resilience::{Error, PolicyExt, Timeout};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap();
/// let answer = limit.call(std::future::pending::<Result<(), std::io::Error>>).await;
/// assert!(answer.unwrap_err().is_timeout());
/// # }
/// ```
#[derive(Debug)]
pub struct Timeout {
    pub(super) name: Arc<str>,
    pub(super) config: TimeoutConfig,
}

impl Timeout {
    /// A timeout named `name`, in its errors.
    ///
    /// # Errors
    /// A limit of 0.
    pub fn new(name: impl Into<Arc<str>>, config: impl Into<TimeoutConfig>) -> Result<Self, ConfigError> {
        let (name, config) = (name.into(), config.into());
        config.validate(&name)?;
        Ok(Self { name, config })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it was made from.
    pub fn config(&self) -> &TimeoutConfig {
        &self.config
    }
}

impl<'p, Op: Operation> Policy<Op> for &'p Timeout {
    type Future = TimeoutFuture<'p, Op>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        TimeoutFuture::new(self, op, attempt)
    }
}

impl PolicyExt for Timeout {}
