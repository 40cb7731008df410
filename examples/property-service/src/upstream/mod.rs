//! The valuation service that both sides depend on: a real HTTP server that misbehaves by a schedule.

mod line;
mod schedule;
mod server;
mod state;

#[cfg(test)]
pub use schedule::Fate;
pub use schedule::FaultSchedule;
pub use server::Upstream;
