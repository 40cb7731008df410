//! The tags that loaders give and recipes invalidate, spelt in one place.
//!
//! Whatever comes from outside is escaped as in keys: it can forge no separator, and `suburb(("nsw", "Manly"))` is
//! `suburb:nsw:Manly`.

use crate::key::{CacheKey, CacheKeyBuilder};

/// Every search: what a search shows may change with any home.
pub const SEARCH: &str = "search";

/// What shows this property: `property:<id>`.
#[must_use]
pub fn property(id: impl CacheKey) -> String {
    of("property", id)
}

/// What is made from the homes of this suburb: `suburb:<suburb>`. Suburbs of different states share names: use an id, or a pair
/// of state and name.
#[must_use]
pub fn suburb(suburb: impl CacheKey) -> String {
    of("suburb", suburb)
}

/// What is made from the homes of this state: `state:<state>`.
#[must_use]
pub fn state(state: impl CacheKey) -> String {
    of("state", state)
}

/// What belongs to this user: `user:<id>`.
#[must_use]
pub fn user(id: impl CacheKey) -> String {
    of("user", id)
}

/// A tag of a kind of your own: `<kind>:<id>`.
#[must_use]
pub fn of(kind: &str, id: impl CacheKey) -> String {
    CacheKeyBuilder::new(kind).component(id).build().to_string()
}
