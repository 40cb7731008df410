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
    /// Calls that the cache has seen when it is measured, at most: those of the last hour, or of its last minutes where
    /// the rate is high.
    pub(super) calls_in_service: f64,
    /// Homes that the cache is warmed with, and an eighth as many suburbs.
    pub(super) warm: usize,
}

impl Extent {
    pub(super) fn of(arguments: &Arguments) -> Self {
        let extent = if arguments.quick {
            let seconds = Duration::from_secs;
            Self {
                properties: 40_000,
                span: seconds(7),
                capacity: seconds(4),
                calls_in_service: 6_000.0,
                warm: 1_200,
            }
        } else {
            let seconds = Duration::from_secs;
            Self {
                properties: Market::DEFAULT_PROPERTIES,
                span: seconds(40),
                capacity: seconds(20),
                calls_in_service: 80_000.0,
                warm: 6_000,
            }
        };
        Self { span: arguments.duration().unwrap_or(extent.span), ..extent }
    }

    /// How long a service at this rate has been up when it is measured.
    pub(super) fn in_service(&self, rate: f64) -> Duration {
        const HOUR: f64 = 3_600.0;
        Duration::from_secs_f64((self.calls_in_service / rate).min(HOUR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(arguments: &[&str]) -> Extent {
        let arguments = std::iter::once("property-service").chain(arguments.iter().copied());
        Extent::of(&Arguments::of(arguments))
    }

    #[test]
    fn a_service_is_up_for_an_hour_unless_that_is_too_many_calls() {
        let full = extent(&[]);
        assert!(full.properties >= 200_000);
        assert_eq!(full.in_service(18.0), Duration::from_secs(3_600));
        assert_eq!(full.in_service(800.0), Duration::from_secs(100));
        let quick = extent(&["--quick", "--duration", "3"]);
        assert_eq!((quick.span, quick.in_service(60.0)), (Duration::from_secs(3), Duration::from_secs(100)));
    }
}
