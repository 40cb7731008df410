use std::time::Duration;

/// Who asks for connections.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Callers {
    /// They arrive at random, whatever happens to those before them.
    Open {
        /// How many a second.
        rate: f64,
        /// How many a second during the burst.
        burst_rate: f64,
        /// When the burst begins.
        burst_at: Duration,
        /// How long it lasts.
        burst_for: Duration,
    },
    /// So many, each asking again as soon as it was served.
    Closed(usize),
}

impl Callers {
    /// Arrivals a second at `now`.
    pub(super) fn rate_at(&self, now: f64) -> f64 {
        match *self {
            Self::Open { rate, burst_rate, burst_at, burst_for } => {
                let since = now - burst_at.as_secs_f64();
                if (0.0..burst_for.as_secs_f64()).contains(&since) { burst_rate } else { rate }
            }
            Self::Closed(_) => 0.0,
        }
    }

    /// The highest rate there is.
    pub(super) fn peak_rate(&self) -> f64 {
        match *self {
            Self::Open { rate, burst_rate, .. } => rate.max(burst_rate),
            Self::Closed(_) => 0.0,
        }
    }
}
