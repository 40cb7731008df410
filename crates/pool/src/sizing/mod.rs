//! How many connections are enough.

mod formula;

pub use formula::{deadlock_floor, recommended_size};
