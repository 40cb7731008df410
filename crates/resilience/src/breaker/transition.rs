use super::{Cause, State};
use std::{fmt, sync::Arc};
use tokio::time::Instant;

/// A breaker went from one state into another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The breaker's name.
    pub breaker: Arc<str>,
    /// The state it left.
    pub from: State,
    /// The state it is in.
    pub to: State,
    /// What brought it there.
    pub cause: Cause,
    /// When.
    pub at: Instant,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit `{}`: {} → {}: {}", self.breaker, self.from, self.to, self.cause)
    }
}

/// Hears of transitions; called under no lock. A panic in it is caught and goes no further than the panic hook.
pub(super) type Listener = Arc<dyn Fn(&Transition) + Send + Sync>;
