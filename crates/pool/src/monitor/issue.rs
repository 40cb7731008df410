use std::fmt;
use std::time::Duration;

/// What is not as it should be with a pool. As text it tells the cause and the remedy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Issue {
    /// Every connection is in use and callers wait.
    Exhausted {
        /// Connections in use, as many as there may be.
        in_use: usize,
        /// Callers in line.
        waiting: usize,
    },
    /// Callers wait for too long.
    LongWaits {
        /// How long one in twenty waits at least.
        p95: Duration,
        /// What was allowed.
        allowed: Duration,
    },
    /// Callers went without a connection.
    UnservedCallers {
        /// How many of those who asked in the window.
        unserved: u64,
        /// How many asked.
        asked: u64,
    },
    /// Connects take too long.
    SlowConnects {
        /// How long one in twenty takes at least.
        p95: Duration,
        /// What was allowed.
        allowed: Duration,
    },
    /// Connects fail.
    FailedConnects {
        /// How many of those in the window.
        failed: u64,
        /// How many there were.
        tried: u64,
    },
    /// Connections were reported as leaked since the first reading.
    Leaks {
        /// How many.
        leaks: u64,
    },
    /// Most connections lie idle all the time.
    IdleWaste {
        /// The most that were in use at any reading.
        peak: usize,
        /// The fewest there were.
        size: usize,
        /// Over how long.
        over: Duration,
    },
}

impl Issue {
    /// Whether the pool serves its callers all the same.
    pub fn is_advice(&self) -> bool {
        matches!(self, Self::IdleWaste { .. })
    }

    /// What was seen, and what it comes from.
    pub fn cause(&self) -> String {
        match self {
            Self::Exhausted { in_use, waiting } => {
                format!("all {in_use} connections are in use and {waiting} callers wait")
            }
            Self::LongWaits { p95, allowed } => {
                format!(
                    "one caller in twenty waits {p95:.1?} or longer for a connection, allowed are {allowed:?}"
                )
            }
            Self::UnservedCallers { unserved, asked } => {
                format!("{unserved} of {asked} callers went without a connection")
            }
            Self::SlowConnects { p95, allowed } => {
                format!("one connect in twenty takes {p95:.1?} or longer, allowed are {allowed:?}")
            }
            Self::FailedConnects { failed, tried } => format!("{failed} of {tried} connects failed"),
            Self::Leaks { leaks } => {
                format!("{leaks} connections were out for longer than `leak_after`")
            }
            Self::IdleWaste { peak, size, over } => {
                format!("at most {peak} of {size} connections were in use in {over:.0?}")
            }
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Exhausted { .. } => {
                "hold connections for less (no other I/O while one is held), or raise `max` if the server has room: compare hold times"
            }
            Self::LongWaits { .. } => {
                "compare with the hold times: if those are long, speed the queries up; only if they are short, raise `max`"
            }
            Self::UnservedCallers { .. } => {
                "see the status in their error: it tells a backlog from a leak from a server that is away"
            }
            Self::SlowConnects { .. } => {
                "look at DNS, TLS and the server's load, and keep more connections with `min` so that fewer are made"
            }
            Self::FailedConnects { .. } => {
                "see `last_connect_error` of the pool's status; if the server has too many connections, lower `max`"
            }
            Self::Leaks { .. } => {
                "see where they were taken in the leak reports, and drop each guard as soon as its work is done"
            }
            Self::IdleWaste { .. } => "lower `min`, or `idle_timeout`, and leave the connections to others",
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause(), self.remedy())
    }
}
