//! Faults on purpose: errors, delays, values and panics for rehearsals, off unless configured.

mod aim;
mod config;
mod counts;
mod future;
mod injection;
mod labelled;
mod make;
mod plan;
mod policy;
#[cfg(test)]
mod tests;

pub use aim::{Aim, Only, Target};
pub use config::{ChaosConfig, Delay};
pub use counts::ChaosStats;
pub use future::ChaosFuture;
pub use injection::{Injection, Window};
pub use labelled::Labelled;
pub use make::{By, Make};
pub use policy::Chaos;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/chaos.md")]
mod page {}
