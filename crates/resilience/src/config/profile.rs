use super::ServiceConfig;
use crate::{BreakerConfig, BulkheadConfig, Jitter, RetryConfig, TimeoutConfig, breaker::Window};
use std::{fmt, time::Duration};

/// What a process is for, and with that the values that no source sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// Each policy's own defaults.
    #[default]
    Standard,
    /// Patient with what is being restarted by hand: a breaker opens after 10 failures for 120 s, 5 retries.
    Development,
    /// Over soon and the same each time: a breaker opens after 3 failures for 1 s, 1 retry after 1 ms, no jitter.
    Testing,
    /// Quick to protect: a breaker opens after 3 failures for 30 s, 5 retries.
    Production,
    /// Many callers a second: a breaker by failure rate that closes step by step, 1 retry with full jitter, short queues
    /// and timeouts; the reasons are in the guide.
    #[serde(alias = "high-load")]
    HighLoad,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Standard, Self::Development, Self::Testing, Self::Production, Self::HighLoad];

    /// Its name in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Production => "production",
            Self::HighLoad => "high_load",
        }
    }

    /// What it sets for every service.
    pub fn config(self) -> ServiceConfig {
        let (breaker, retry) = (BreakerConfig::default(), RetryConfig::STANDARD);
        let base = ServiceConfig::default();
        match self {
            Self::Standard => base,
            Self::Development => base
                .breaker(breaker.failure_threshold(10).open_for(Duration::from_secs(120)))
                .retry(retry.max_attempts(1 + 5)),
            Self::Testing => base
                .breaker(breaker.failure_threshold(3).success_threshold(1).open_for(Duration::from_secs(1)))
                .retry(
                    retry
                        .max_attempts(1 + 1)
                        .initial(Duration::from_millis(1))
                        .max(Duration::from_millis(10))
                        .jitter(Jitter::None),
                )
                .timeout(TimeoutConfig::from(Duration::from_secs(1))),
            Self::Production => base
                .breaker(breaker.failure_threshold(3).open_for(Duration::from_secs(30)))
                .retry(retry.max_attempts(1 + 5)),
            Self::HighLoad => base
                .breaker(
                    breaker
                        .window(Window::Time(Duration::from_secs(10)))
                        .failure_rate(0.5)
                        .minimum_calls(100)
                        .open_for(Duration::from_secs(15))
                        .open_jitter(0.2)
                        .success_threshold(5)
                        .ramp([0.05, 0.25, 0.5])
                        .ramp_step(Duration::from_secs(2)),
                )
                .retry(
                    retry
                        .max_attempts(1 + 1)
                        .initial(Duration::from_millis(200))
                        .max(Duration::from_secs(2))
                        .jitter(Jitter::Full),
                )
                .timeout(TimeoutConfig::from(Duration::from_secs(5)))
                .bulkhead(
                    BulkheadConfig::NORMAL
                        .max_concurrent(40)
                        .max_queued(80)
                        .queue_timeout(Duration::from_secs(1)),
                ),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
