use crate::{ConfigError, Error, ShedReason};
use std::sync::Arc;

/// Why a key has no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyedError {
    /// What makes the policies refused to make this one.
    #[error("no policy for the key: {0}")]
    Misconfigured(#[source] ConfigError),
    /// As many keys as allowed are in use or remember something that must not be forgotten.
    #[error(
        "`{policy}` is full: none of its {max_keys} keys can be forgotten; raise `max_keys` or set an `overflow`"
    )]
    Full {
        /// The name of the set of keys.
        policy: Arc<str>,
        /// The most keys it may hold.
        max_keys: usize,
    },
}

impl<E> From<KeyedError> for Error<E> {
    fn from(error: KeyedError) -> Self {
        match error {
            KeyedError::Misconfigured(problem) => {
                Self::Misconfigured { policy: problem.policy.clone(), problem: Box::new(problem) }
            }
            KeyedError::Full { policy, .. } => {
                Self::Shed { policy, reason: ShedReason::TooManyKeys, retry_after: None }
            }
        }
    }
}
