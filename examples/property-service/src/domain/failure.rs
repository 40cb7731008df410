/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No answer in time.
    Timeout,
    /// The valuer answered with an error, or not at all.
    Upstream,
    Database,
    /// Refused by a policy or a full pool.
    Overloaded,
    NotFound,
}

impl FailureKind {
    /// Would the same call, made again a little later, be expected to work?
    pub fn is_transient(self) -> bool {
        self != Self::NotFound
    }
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
