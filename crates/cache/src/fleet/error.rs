use std::time::Duration;

/// Why the fleet did not grant what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// The rate is used up; there will be room again then.
    #[error("rate `{name}` is used up, try again in {retry_after:?}")]
    RateLimited {
        /// The rate's name.
        name: String,
        /// When there is room.
        retry_after: Duration,
    },
    /// Somebody else holds the lock; it ends then, unless it is prolonged.
    #[error("lock `{name}` is held, for {left:?} unless it is prolonged")]
    Held {
        /// The lock's name.
        name: String,
        /// How long it is held yet.
        left: Duration,
    },
    /// The lock ended, or was taken by another after it had: stop what it guarded.
    #[error("lock `{name}` is no longer held; stop what it guarded")]
    Lost {
        /// The lock's name.
        name: String,
    },
    /// Redis did not answer: whether to go on is the caller's choice.
    #[error("`{name}`: Redis is away: {reason}")]
    Away {
        /// The name of what was asked for.
        name: String,
        /// What happened.
        reason: String,
    },
}

impl FleetError {
    /// When to ask again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Held { left, .. } => Some(*left),
            Self::Lost { .. } | Self::Away { .. } => None,
        }
    }

    /// Whether Redis could not be asked.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}
