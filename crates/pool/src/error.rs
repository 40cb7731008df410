use std::sync::Arc;
use std::time::Duration;

use crate::status::Status;

/// Why a configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field holds a value outside its range.
    #[error("pool configuration: {field} = {value}, allowed is {allowed}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// The pool was made outside of a tokio runtime, where its connects could not run.
    #[error("pool `{pool}` was made outside of a tokio runtime: make it inside one, its connects run there")]
    NoRuntime {
        /// The pool's name.
        pool: String,
    },
}

/// How a call into a [`Manager`](crate::Manager) went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault<E> {
    /// The manager said so.
    #[error("{0}")]
    Failed(#[source] E),
    /// The manager did not answer in time.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The limit that applied.
        after: Duration,
    },
    /// The manager panicked.
    #[error("the manager panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
}

/// Why [`Pool::get`](crate::Pool::get) or [`Pool::warm`](crate::Pool::warm) gave no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError<E> {
    /// Nothing came free in time; the status at that moment tells a backlog from a leak from a dead server.
    #[error("no connection within {waited:?}: {status}")]
    Timeout {
        /// How long the caller waited.
        waited: Duration,
        /// The pool at the moment of giving up.
        status: Box<Status>,
        /// The last failed connect, if none has succeeded since.
        #[source]
        source: Option<Arc<Fault<E>>>,
    },
    /// The pool is closed.
    #[error("pool `{pool}` is closed")]
    Closed {
        /// The pool's name.
        pool: Arc<str>,
    },
}

impl<E> GetError<E> {
    /// Whether the caller waited in vain.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether the pool is closed, so that asking again is of no use.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// The pool at the moment of a timeout.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Timeout { status, .. } => Some(status),
            Self::Closed { .. } => None,
        }
    }
}
