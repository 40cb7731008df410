//! What goes together: the keys, tags and patterns that a change makes dead, as plans, and the usual plans as recipes.

mod everything;
mod plan;
mod property;
mod search;
mod user;

pub use everything::everything;
pub use plan::InvalidationPlan;
pub use property::{property_deleted, property_updated};
pub use search::search_refreshed;
pub use user::user_changed;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/invalidation-recipes.md")]
mod page {}
