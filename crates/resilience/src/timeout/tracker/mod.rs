//! How long endpoints take, and which calls were slow.

mod config;
mod series;
mod slow;
mod stats;
mod timing;
mod track;

pub use config::TrackerConfig;
pub use slow::SlowCall;
pub use stats::{Ending, EndpointStats};
pub use timing::Timing;
pub use track::{OTHER, Tracker};
