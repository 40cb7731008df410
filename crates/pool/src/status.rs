use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// A pool at one instant, read under its lock: the counts agree with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The pool's name.
    pub name: Arc<str>,
    /// Connections the pool accounts for: `idle + in_use + connecting`.
    pub size: usize,
    /// Connections ready to be taken.
    pub idle: usize,
    /// Connections handed out, under check, under reset, in a hook or on their way out.
    pub in_use: usize,
    /// Connects under way, or pausing after a failure.
    pub connecting: usize,
    /// Callers in line.
    pub waiting: usize,
    /// The most connections there may be.
    pub max: usize,
    /// Connections above `max` since it was lowered; they close as they return, and nothing grows until they have.
    pub debt: usize,
    /// Whether [`Pool::suspend`](crate::Pool::suspend) holds.
    pub suspended: bool,
    /// Whether [`Pool::close`](crate::Pool::close) was called.
    pub closed: bool,
    /// Checkouts that were reported as leaks, since the pool was made.
    pub leaks: u64,
    /// The last failed connect or refusal by a hook, if none has succeeded since.
    pub last_connect_error: Option<String>,
    /// The connection that has been out the longest.
    pub oldest_checkout: Option<OldestCheckout>,
    /// The lanes of the configuration.
    pub lanes: Vec<LaneStatus>,
}

/// One lane of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneStatus {
    /// The lane's name.
    pub name: Arc<str>,
    /// Connections its callers hold.
    pub in_use: usize,
    /// Callers in its line.
    pub waiting: usize,
    /// Connections that no other lane can take from it.
    pub guaranteed: usize,
    /// The most its callers may hold.
    pub cap: usize,
}

/// The connection that has been out the longest, and who took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OldestCheckout {
    /// How long it has been out.
    pub age: Duration,
    /// Where `get` was called.
    pub location: &'static Location<'static>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, size, max, idle, in_use, connecting, waiting, .. } = self;
        write!(
            f,
            "pool `{name}` has {size} of {max} connections ({idle} idle, {in_use} in use, {connecting} connecting), \
             {waiting} waiting"
        )?;
        if self.suspended {
            write!(f, "; it is suspended")?;
        }
        if let Some(OldestCheckout { age, location }) = &self.oldest_checkout {
            write!(f, "; the oldest has been out for {age:?}, taken at {location}")?;
        }
        if let Some(error) = &self.last_connect_error {
            write!(f, "; the last connect failed: {error}")?;
        }
        Ok(())
    }
}
