use std::future::Future;
use std::time::Duration;

use crate::manager::Manager;

/// A manager whose servers can say which of them is the primary, and how far behind the others are.
pub trait Replicated: Manager {
    /// Asks the server for its role; runs in the background, on a connection kept for the purpose.
    fn role(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<Role, Self::Error>> + Send;

    /// Whether an error says that the server takes no writes (any more).
    ///
    /// Default: `false`; then only the role tells of a failover.
    fn is_read_only(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }
}

/// What a server says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It takes writes.
    Primary {
        /// Grows with every promotion (PostgreSQL's timeline): of two that call themselves primary the greater is right. 0 where there is no
        /// such thing; then the one that answers is.
        term: u64,
    },
    /// It follows a primary.
    Replica {
        /// How far behind it is at most; `None` if it cannot say.
        lag: Option<Duration>,
    },
}
