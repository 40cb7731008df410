/// A rate limit's counts at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitSnapshot {
    /// Calls that could start at once.
    pub available: u64,
    /// Calls waiting for their turn now.
    pub waiting: usize,
    /// Calls that waited and had their turn since it was made.
    pub waited: u64,
    /// Calls turned away since it was made.
    pub rejected: u64,
    /// Calls that would have been turned away but for shadow mode since it was made.
    pub would_reject: u64,
}
