use std::fmt;

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum State {
    /// Calls pass, and are judged.
    Closed,
    /// Nothing passes until the open time is over.
    Open,
    /// Probes pass, and nothing else.
    HalfOpen,
    /// The probes succeeded: a growing share of the calls passes.
    Ramping,
    /// Nothing passes until somebody says otherwise.
    ForcedOpen,
    /// Calls pass and are counted, but cannot open it.
    ForcedClosed,
    /// Calls pass and leave no trace.
    Disabled,
}

impl State {
    /// Its name in telemetry: lower case, words joined by `_`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Ramping => "ramping",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
        }
    }

    /// Whether a call made now would pass as a matter of course.
    pub const fn lets_all_through(self) -> bool {
        matches!(self, Self::Closed | Self::ForcedClosed | Self::Disabled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
