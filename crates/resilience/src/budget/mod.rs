//! A limit on how much retries and hedges may add to the traffic.

mod balance;
mod config;
mod floor;
mod shared;
#[cfg(test)]
mod tests;

pub use config::BudgetConfig;
pub(crate) use shared::BudgetId;
pub use shared::{Budget, BudgetSnapshot};
