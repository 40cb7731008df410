use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::role::Role;
use crate::status::Status;

/// A set at one instant; as text it says which node gets what, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaSetStatus {
    /// The set's name.
    pub name: Arc<str>,
    /// The node that gets the writes, if one is known.
    pub primary: Option<Arc<str>>,
    /// The nodes in the order in which they were added.
    pub nodes: Vec<NodeStatus>,
}

/// One node of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStatus {
    /// The name of its pool.
    pub name: Arc<str>,
    /// Whether it gets the writes.
    pub is_primary: bool,
    /// What it last said it is; `None` before it has answered, or since a writer found it demoted.
    pub role: Option<Role>,
    /// Whether it could get reads; if the primary does is the configuration's to say.
    pub reads: Reads,
    /// Calls routed to it that have not ended.
    pub calls: usize,
    /// How often it was ejected, each time soon after the last.
    pub ejections: u32,
    /// What went wrong last, if no probe has succeeded since.
    pub last_error: Option<String>,
    /// Its pool.
    pub pool: Status,
}

/// Whether a node gets reads, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reads {
    /// It does.
    Admitted,
    /// The next read is its trial after an ejection.
    Trial,
    /// It has failed too often in a row.
    Ejected {
        /// For how long still; zero if only a probe that it answers, or the end of its trial, is missing.
        left: Duration,
    },
    /// It is further behind than allowed.
    Lagging {
        /// How far; `None` if it cannot say.
        lag: Option<Duration>,
    },
    /// It calls itself primary and another was promoted since: what it holds may be of another history.
    Outdated,
    /// It has not answered yet.
    Unknown,
}

impl fmt::Display for ReplicaSetStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, primary, nodes } = self;
        match primary {
            Some(primary) => write!(f, "set `{name}`: the primary is `{primary}`")?,
            None => write!(f, "set `{name}` knows of no primary")?,
        }
        nodes.iter().try_for_each(|node| write!(f, "; {node}"))
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, role, reads, pool, .. } = self;
        write!(f, "`{name}` ")?;
        match role {
            None => write!(f, "has not said what it is")?,
            Some(Role::Primary { term }) => write!(f, "is a primary of term {term}")?,
            Some(Role::Replica { lag: Some(lag) }) => write!(f, "is a replica {lag:?} behind")?,
            Some(Role::Replica { lag: None }) => write!(f, "is a replica of unknown lag")?,
        }
        write!(f, ", {reads}, {} of {} connections in use", pool.in_use, pool.max)?;
        match &self.last_error {
            Some(error) => write!(f, ", last error: {error}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admitted => f.write_str("fit for reads"),
            Self::Trial => f.write_str("on trial with the next read"),
            Self::Ejected { left } if left.is_zero() => f.write_str("ejected until it has proven itself"),
            Self::Ejected { left } => write!(f, "ejected for another {left:?}"),
            Self::Lagging { .. } => f.write_str("too far behind for reads"),
            Self::Outdated => f.write_str("outdated by a later promotion"),
            Self::Unknown => f.write_str("out of use until it answers"),
        }
    }
}
