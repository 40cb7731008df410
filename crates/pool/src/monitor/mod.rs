//! What a pool does, in figures: percentiles of every phase, history, health.

mod config;
mod gauges;
mod health;
mod history;
mod issue;
#[cfg(feature = "metrics")]
mod metrics;

mod phase;
mod series;
mod timings;
mod totals;
mod watch;
mod watched;

pub use config::{HealthConfig, MonitorConfig, TimingsConfig};
pub use gauges::Gauges;
pub use health::Health;
pub use history::Reading;
pub use issue::Issue;
#[cfg(feature = "metrics")]
pub use metrics::Metrics;
pub use phase::PhaseStats;
pub use timings::Timings;
pub use totals::Totals;
pub use watch::Monitor;
pub use watched::Watched;
