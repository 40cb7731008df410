use std::collections::BTreeMap;
use std::time::Duration;

use super::PoolConfig;
use crate::error::ConfigError;

const NAMES: [&str; 4] = ["development", "testing", "production", "high_load"];

impl PoolConfig {
    const fn sized(min: usize, max: usize, max_connecting: usize, idle_secs: u64) -> Self {
        Self {
            min,
            max,
            max_connecting,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            max_backoff: Duration::from_secs(1),
            check_timeout: Duration::from_secs(1),
            reset_timeout: Duration::from_secs(1),
            hook_timeout: Duration::from_secs(1),
            check_after: Duration::from_millis(500),
            keepalive: Some(Duration::from_secs(2 * 60)),
            idle_timeout: Some(Duration::from_secs(idle_secs)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
            server_lifetime: None,
            fail_fast_after: None,
            leak_after: None,
            leak_backtrace: false,
            clock_resolution: Duration::from_millis(10),
            thread_affinity: false,
            lanes: BTreeMap::new(),
            seed: None,
        }
    }

    /// A developer's machine: 2 to 5 connections, idle for 30 s at most.
    pub const fn development() -> Self {
        Self::sized(2, 5, 2, 30)
    }

    /// A test run: 1 to 5 connections, idle for 5 s at most.
    pub const fn testing() -> Self {
        Self::sized(1, 5, 2, 5)
    }

    /// A service: 5 to 20 connections, idle for 60 s at most.
    pub const fn production() -> Self {
        Self::sized(5, 20, 2, 60)
    }

    /// A busy service: 10 to 40 connections, four connects at once, idle for 90 s at most.
    pub const fn high_load() -> Self {
        Self::sized(10, 40, 4, 90)
    }

    /// The profile of that name: `development`, `testing`, `production` or `high_load`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownProfile`] with the names there are.
    pub fn profile(name: &str) -> Result<Self, ConfigError> {
        match name {
            "development" => Ok(Self::development()),
            "testing" => Ok(Self::testing()),
            "production" => Ok(Self::production()),
            "high_load" => Ok(Self::high_load()),
            _ => Err(ConfigError::UnknownProfile { profile: name.to_owned(), known: NAMES.join(", ") }),
        }
    }
}
