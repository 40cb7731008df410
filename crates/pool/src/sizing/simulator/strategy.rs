use crate::sizing::{AdaptiveConfig, Controller, Sample};

/// How the pool is sized.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Strategy {
    /// Always so many connections.
    Fixed(usize),
    /// One more whenever a caller gave up, as FlexyPool's `IncrementPoolOnTimeout`, up to `max`.
    GrowOnWait {
        /// The size to begin with.
        start: usize,
        /// The greatest size.
        max: usize,
        /// A caller who waited for longer counts as well, in seconds.
        slow_wait_secs: f64,
    },
    /// As the pool does by itself.
    Adaptive(AdaptiveConfig),
}

/// A strategy at work.
pub(super) enum Sizing {
    Fixed(usize),
    GrowOnWait { size: usize, max: usize, slow_wait: f64 },
    Adaptive(Box<Controller>),
}

impl Sizing {
    pub(super) fn of(strategy: &Strategy) -> Self {
        match strategy {
            Strategy::Fixed(size) => Self::Fixed(*size),
            Strategy::GrowOnWait { start, max, slow_wait_secs } => {
                Self::GrowOnWait { size: *start, max: *max, slow_wait: *slow_wait_secs }
            }
            Strategy::Adaptive(config) => Self::Adaptive(Box::new(
                Controller::new(config.clone()).unwrap_or_else(|error| panic!("{error}")),
            )),
        }
    }

    pub(super) fn start(&self) -> usize {
        match self {
            Self::Fixed(size) | Self::GrowOnWait { size, .. } => *size,
            Self::Adaptive(controller) => controller.config().min,
        }
    }

    /// A caller has got a connection, or given up, after so many seconds.
    pub(super) fn waited(&mut self, secs: f64, size: usize) -> usize {
        match self {
            Self::GrowOnWait { size, max, slow_wait } => {
                if secs > *slow_wait {
                    *size = (*size + 1).min(*max);
                }
                *size
            }
            _ => size,
        }
    }

    pub(super) fn window(&mut self, sample: &Sample) -> usize {
        match self {
            Self::Adaptive(controller) => controller.decide(sample).to,
            _ => sample.size,
        }
    }

    /// How long a window is, in seconds.
    pub(super) fn window_secs(&self) -> f64 {
        match self {
            Self::Adaptive(controller) => controller.config().window.as_secs_f64(),
            _ => 1.0,
        }
    }
}
