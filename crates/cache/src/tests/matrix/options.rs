//! What rows begin with.

use super::seconds;
use crate::{
    CodecConfig, EagerRefresh, FailSafe, Format, LoadBudget, LoadTimeouts, MemoryConfig, RegionOptions,
};

pub(super) fn living(time: u64) -> RegionOptions {
    RegionOptions::default().ttl(seconds(time))
}

/// Alive for 100 s, fresh for 10.
pub(super) fn soft() -> RegionOptions {
    living(100).soft_ttl(seconds(10))
}

/// Alive for 100 s, kept for 1,000.
pub(super) fn kept() -> RegionOptions {
    living(100).fail_safe(FailSafe::default().max_age(seconds(1_000)).throttle(seconds(5)))
}

pub(super) fn sliding(ttl: u64) -> RegionOptions {
    living(ttl).sliding(seconds(10))
}

/// Due from half of its life on.
pub(super) fn eager() -> RegionOptions {
    living(100).eager_refresh(EagerRefresh::At(0.5))
}

/// Due by what the load cost, and alive for 10 s.
pub(super) fn costly() -> RegionOptions {
    living(10).eager_refresh(EagerRefresh::ByCost(10.0))
}

pub(super) fn hard(time: u64) -> LoadTimeouts {
    LoadTimeouts::default().hard(seconds(time))
}

pub(super) fn json() -> CodecConfig {
    CodecConfig::default().format(Format::Json)
}

/// Memory that keeps nothing heavier than a thousand.
pub(super) fn bounded() -> MemoryConfig {
    MemoryConfig::default().max_weight(1_000)
}

/// One load at a time, and a second's wait.
pub(super) fn one() -> LoadBudget {
    LoadBudget::default().in_process(1)
}
