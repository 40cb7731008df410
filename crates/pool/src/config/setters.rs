use std::time::Duration;

use super::{LaneConfig, PoolConfig};

impl PoolConfig {
    /// Sets how many connections are kept even if nobody needs them (0 to `max`).
    #[must_use]
    pub const fn min(mut self, min: usize) -> Self {
        self.min = min;
        self
    }

    /// Sets the most connections there may be (1 to 10 000).
    #[must_use]
    pub const fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Sets the most connects under way at once (1 to 1 000).
    #[must_use]
    pub const fn max_connecting(mut self, max_connecting: usize) -> Self {
        self.max_connecting = max_connecting;
        self
    }

    /// Sets how long `get` waits in all (1 ms to 1 h).
    #[must_use]
    pub const fn acquire_timeout(mut self, acquire_timeout: Duration) -> Self {
        self.acquire_timeout = acquire_timeout;
        self
    }

    /// Sets how long one connect may take (1 ms to 1 h).
    #[must_use]
    pub const fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Sets the longest pause between failed connects (10 ms to 1 h).
    #[must_use]
    pub const fn max_backoff(mut self, max_backoff: Duration) -> Self {
        self.max_backoff = max_backoff;
        self
    }

    /// Sets how long one check may take (1 ms to `acquire_timeout`).
    #[must_use]
    pub const fn check_timeout(mut self, check_timeout: Duration) -> Self {
        self.check_timeout = check_timeout;
        self
    }

    /// Sets how long one reset may take (1 ms to 1 h).
    #[must_use]
    pub const fn reset_timeout(mut self, reset_timeout: Duration) -> Self {
        self.reset_timeout = reset_timeout;
        self
    }

    /// Sets how long one hook may take (1 ms to 1 h).
    #[must_use]
    pub const fn hook_timeout(mut self, hook_timeout: Duration) -> Self {
        self.hook_timeout = hook_timeout;
        self
    }

    /// Sets how long a connection may lie idle and still be handed out unchecked (0 to 30 days).
    #[must_use]
    pub const fn check_after(mut self, check_after: Duration) -> Self {
        self.check_after = check_after;
        self
    }

    /// Sets after how long an idle connection is checked in the background (1 ms to `max_lifetime`, `None` for never).
    #[must_use]
    pub const fn keepalive(mut self, keepalive: Option<Duration>) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Sets after how long an idle connection above `min` is closed (1 ms to 30 days, `None` for never).
    #[must_use]
    pub const fn idle_timeout(mut self, idle_timeout: Option<Duration>) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Sets after how long a connection is replaced (1 ms to 30 days and less than `server_lifetime`, `None` for never).
    #[must_use]
    pub const fn max_lifetime(mut self, max_lifetime: Option<Duration>) -> Self {
        self.max_lifetime = max_lifetime;
        self
    }

    /// Sets after how long the server ends a connection (1 ms to 30 days, `None` if that is unknown).
    #[must_use]
    pub const fn server_lifetime(mut self, server_lifetime: Option<Duration>) -> Self {
        self.server_lifetime = server_lifetime;
        self
    }

    /// Sets for how long connects must have failed before callers are turned away at once (0 to 1 h, `None` lets them wait).
    #[must_use]
    pub const fn fail_fast_after(mut self, fail_fast_after: Option<Duration>) -> Self {
        self.fail_fast_after = fail_fast_after;
        self
    }

    /// Sets after how long a connection that is out is reported as a leak (1 ms to 30 days, `None` for never).
    #[must_use]
    pub const fn leak_after(mut self, leak_after: Option<Duration>) -> Self {
        self.leak_after = leak_after;
        self
    }

    /// Sets whether a leak is reported with the backtrace of its checkout, at a cost of microseconds for every checkout.
    #[must_use]
    pub const fn leak_backtrace(mut self, leak_backtrace: bool) -> Self {
        self.leak_backtrace = leak_backtrace;
        self
    }

    /// Sets how far the time by which idle connections are judged may lag behind (0 to 1 s).
    #[must_use]
    pub const fn clock_resolution(mut self, clock_resolution: Duration) -> Self {
        self.clock_resolution = clock_resolution;
        self
    }

    /// Sets whether connections stay with the thread that used them last while nobody waits (not together with lanes).
    #[must_use]
    pub const fn thread_affinity(mut self, thread_affinity: bool) -> Self {
        self.thread_affinity = thread_affinity;
        self
    }

    /// Adds a lane, or changes the one of that name.
    #[must_use]
    pub fn lane(mut self, name: impl Into<String>, lane: LaneConfig) -> Self {
        self.lanes.insert(name.into(), lane);
        self
    }

    /// Sets the seed of the jitter in lifetimes and pauses.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}
