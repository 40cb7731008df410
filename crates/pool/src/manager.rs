use std::error::Error;
use std::future::{Future, ready};

/// Makes, checks and cleans the connections of a [`Pool`](crate::Pool).
///
/// Every future runs in a task of its own under a time limit, never in the future of the caller who asked for a connection: a
/// caller that is dropped loses neither a connect nor a check. A panic counts as a failure.
///
/// ```
/// use mainstay_pool::Manager;
///
/// struct Numbers;
///
/// impl Manager for Numbers {
///     type Connection = u32;
///     type Error = std::convert::Infallible;
///
///     async fn connect(&self) -> Result<u32, Self::Error> {
///         Ok(7)
///     }
///     async fn check(&self, _: &mut u32) -> Result<(), Self::Error> {
///         Ok(())
///     }
/// }
/// ```
pub trait Manager: Send + Sync + 'static {
    /// What the pool holds.
    type Connection: Send + 'static;
    /// What goes wrong in making or checking one.
    type Error: Error + Send + Sync + 'static;

    /// Makes a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Self::Error>> + Send;

    /// Asks a connection that lay idle whether it still lives.
    fn check(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Says, without any I/O, in what condition a connection comes back; called in the guard's drop, under no lock.
    ///
    /// Default: [`Condition::Clean`].
    fn condition(&self, connection: &Self::Connection) -> Condition {
        let _ = connection;
        Condition::Clean
    }

    /// Makes a [`Condition::Dirty`] connection fit for the next caller; one that fails is closed.
    ///
    /// Default: nothing to do.
    fn reset(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = connection;
        ready(Ok(()))
    }

    /// Whether a failed check speaks of the server rather than of the one connection: then every connection that has lain idle as
    /// long is closed unasked. A check that times out or panics always is.
    ///
    /// Default: `true`.
    fn is_fatal(&self, error: &Self::Error) -> bool {
        let _ = error;
        true
    }

    /// Whether a failed connect says that the server has too many connections: a pool that sizes itself then shrinks.
    ///
    /// Default: `false`.
    fn is_too_many_connections(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }
}

/// In what condition a connection comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Ready for the next caller.
    Clean,
    /// Needs [`Manager::reset`] first.
    Dirty,
    /// Of no more use.
    Broken,
}
