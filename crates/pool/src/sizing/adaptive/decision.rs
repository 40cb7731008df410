use std::fmt;
use std::time::Duration;

/// What a [`Controller`](super::Controller) makes of one window, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// The size that was in force.
    pub from: usize,
    /// The size to be.
    pub to: usize,
    /// What the callers can use: arrivals times hold time, with headroom.
    pub need: usize,
    /// What the server can work on, as far as is known.
    pub cap: usize,
    /// How long a connection was held on average, if enough came back to say.
    pub hold: Option<Duration>,
    /// How long it is held without load, if that is known yet.
    pub baseline: Option<Duration>,
    /// Why.
    pub reason: Reason,
}

/// Why a size was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The server refused connects for having too many.
    Refused,
    /// Connections are held for much longer than without load: there are more than the server can work on.
    Crowded,
    /// The callers can use more, and the server has room.
    NeedsMore,
    /// The callers can use less.
    NeedsLess,
    /// The callers can use more, and the server has no room that is known of.
    AtCap,
    /// The callers can use more, and there may not be more.
    AtMax,
    /// The size is right, or not wrong by enough to close connections.
    Steady,
}

impl Decision {
    /// Whether the size is to change.
    pub fn is_change(&self) -> bool {
        self.from != self.to
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, need, cap, hold, baseline, reason } = self;
        if self.is_change() {
            write!(f, "from {from} to {to} connections: ")?;
        } else {
            write!(f, "stays at {to} connections: ")?;
        }
        match reason {
            Reason::Refused => write!(f, "the server refuses connects for having too many")?,
            Reason::Crowded => write!(f, "they are held for too long, the server works on too many at once")?,
            Reason::NeedsMore => write!(f, "the callers can use {need}, and the server has room")?,
            Reason::NeedsLess => write!(f, "the callers can use {need}")?,
            Reason::AtCap => write!(f, "the callers can use {need}, the server can work on {cap}")?,
            Reason::AtMax => write!(f, "the callers can use {need}, and it may not grow further")?,
            Reason::Steady => write!(f, "the callers can use {need}, the server can work on {cap}")?,
        }
        if let (Some(hold), Some(baseline)) = (hold, baseline) {
            write!(f, "; held for {hold:.1?} on average, {baseline:.1?} without load")?;
        }
        Ok(())
    }
}
