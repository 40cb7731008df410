//! The open-loop load: what is asked when, how the answers are judged, and how much a side can hold.

mod browsing;
mod call;
mod capacity;
mod demand;
mod driver;
#[cfg(test)]
mod fake;
mod mix;
mod record;
mod schedule;
mod session;
mod staleness;
mod timeline;

pub use capacity::{Capacity, Trial, capacity};
pub use demand::DemandSource;
pub use driver::run;
pub use mix::Mix;
pub use record::{Run, Tally};
pub use schedule::{Arrival, Plan, Schedule};
pub use session::Sessions;
pub use timeline::Slice;
