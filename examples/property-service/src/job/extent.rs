use crate::{cli::Arguments, market::Market};
use std::time::Duration;

/// How much is made and for how long it is run.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) properties: usize,
    /// Each side's load.
    pub(super) span: Duration,
    /// Each side's search for its capacity.
    pub(super) capacity: Duration,
    /// Homes that the cache is warmed with, and an eighth as many suburbs.
    pub(super) warm: usize,
}

impl Extent {
    pub(super) fn of(arguments: &Arguments) -> Self {
        let extent = if arguments.quick {
            let seconds = Duration::from_secs;
            Self { properties: 40_000, span: seconds(7), capacity: seconds(4), warm: 1_200 }
        } else {
            let seconds = Duration::from_secs;
            Self {
                properties: Market::DEFAULT_PROPERTIES,
                span: seconds(40),
                capacity: seconds(20),
                warm: 6_000,
            }
        };
        Self { span: arguments.duration().unwrap_or(extent.span), ..extent }
    }
}
