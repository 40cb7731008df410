//! The naive side: what a competent developer in a hurry ships. Plain sqlx, three queries a page, OFFSET, LIKE,
//! no secondary index, no cache, no time limit on the valuer.

mod list;
mod pool;
mod property;
mod search;
mod side;
mod suburb_stats;
#[cfg(test)]
mod tests;
mod trending;
mod update_price;
mod valuation;

pub use side::Before;
