//! The side on mainstay: pooled, indexed, paged by keyset, cached, and guarded against its valuer.

mod indexes;
mod list;
mod pools;
mod property;
mod regions;
mod search;
mod side;
mod suburb_stats;
#[cfg(test)]
mod tests;
mod trending;
mod update_price;
mod valuation;
mod valuer;
mod warm;

pub use indexes::add_indexes;
pub use side::{After, AfterError, Wiring};
