mod health;
mod monitor;
mod timings;

pub use health::HealthConfig;
pub use monitor::MonitorConfig;
pub use timings::TimingsConfig;
