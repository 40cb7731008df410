use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::replica_set::ReplicaSetStatus;
use crate::status::Status;

/// Why a configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Fields hold values outside their ranges.
    #[error("pool configuration: {}", listed(problems))]
    Invalid {
        /// All of them.
        problems: Vec<Problem>,
    },
    /// A configuration asks for a profile that there is not.
    #[error("pool configuration: there is no profile `{profile}`, only {known}")]
    UnknownProfile {
        /// The name asked for.
        profile: String,
        /// The names there are.
        known: String,
    },
    /// A file or the environment holds something that is no configuration.
    #[error("pool configuration: {message}")]
    Unreadable {
        /// Which key, what is wrong with it and where it was set.
        message: String,
    },
    /// The pool has no lane of that name.
    #[error("pool `{pool}` has no lane `{lane}`, only {known}: lanes are named in the configuration")]
    UnknownLane {
        /// The pool's name.
        pool: String,
        /// The name asked for.
        lane: String,
        /// The names there are.
        known: String,
    },
    /// A set of replicas already has a node of that name.
    #[error("set `{set}` already has a node `{node}`: give each node's pool a name of its own")]
    NodeTaken {
        /// The set's name.
        set: String,
        /// The node's.
        node: String,
    },
    /// The pool was made outside of a tokio runtime, where its connects could not run.
    #[error("pool `{pool}` was made outside of a tokio runtime: make it inside one, its connects run there")]
    NoRuntime {
        /// The pool's name.
        pool: String,
    },
}

impl ConfigError {
    /// The fields out of range; empty if something else is wrong.
    pub fn problems(&self) -> &[Problem] {
        if let Self::Invalid { problems } = self { problems } else { &[] }
    }
}

/// A field outside its range.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field as it is spelt in configuration.
    pub field: String,
    /// What it was set to.
    pub value: String,
    /// What would be accepted.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}, allowed is {}", self.field, self.value, self.allowed)
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

/// How a call into a [`Manager`](crate::Manager) or a hook went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault<E> {
    /// It said so.
    #[error("{0}")]
    Failed(#[source] E),
    /// It did not answer in time.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The limit that applied.
        after: Duration,
    },
    /// It panicked.
    #[error("it panicked: {message}")]
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
    /// No connection is left and the server has refused every connect for
    /// [`fail_fast_after`](crate::PoolConfig::fail_fast_after): waiting would be of no use.
    #[error("the server is away, the next connect is in {retry_after:?}: {status}")]
    Unavailable {
        /// How long until the pool tries again.
        retry_after: Duration,
        /// The pool at that moment.
        status: Box<Status>,
        /// The last failed connect.
        #[source]
        source: Option<Arc<Fault<E>>>,
    },
    /// No node of a [`ReplicaSet`](crate::ReplicaSet) was a primary in time.
    #[error("no primary within {waited:?}: {status}")]
    NoPrimary {
        /// How long the caller waited.
        waited: Duration,
        /// The set at the moment of giving up.
        status: Box<ReplicaSetStatus>,
    },
    /// No node of a [`ReplicaSet`](crate::ReplicaSet) was fit for reads in time.
    #[error("no node fit for a read within {waited:?}: {status}")]
    NoReplica {
        /// How long the caller waited.
        waited: Duration,
        /// The set at the moment of giving up.
        status: Box<ReplicaSetStatus>,
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

    /// Whether the caller was turned away because the server is.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The set of replicas at the moment it gave up on finding a node.
    pub fn set_status(&self) -> Option<&ReplicaSetStatus> {
        match self {
            Self::NoPrimary { status, .. } | Self::NoReplica { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The pool at the moment of a timeout or a refusal.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Timeout { status, .. } | Self::Unavailable { status, .. } => Some(status),
            Self::NoPrimary { .. } | Self::NoReplica { .. } | Self::Closed { .. } => None,
        }
    }
}
