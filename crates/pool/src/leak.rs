use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// A connection that has been out for longer than [`leak_after`](crate::PoolConfig::leak_after); told once a checkout.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leak {
    /// How long it has been out so far.
    pub age: Duration,
    /// Where `get` was called.
    pub location: &'static Location<'static>,
    /// The way there, if [`leak_backtrace`](crate::PoolConfig::leak_backtrace) was on at the time.
    pub backtrace: Option<Arc<Backtrace>>,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { age, location, backtrace } = self;
        write!(f, "a connection taken at {location} has been out for {age:?}")?;
        if let Some(backtrace) = backtrace {
            write!(f, "\n{backtrace}")?;
        }
        Ok(())
    }
}
