use super::InvalidationPlan;
use crate::key::CacheKey;
use crate::tags;

/// A property has changed: its page and its price history, the lists and searches that show it, and what is made from the homes of
/// its suburb and its state.
///
/// | hit | how it was cached |
/// |---|---|
/// | `property:<id>`, `price_history:<id>` | by key |
/// | lists, searches, whatever shows it | with [`tags::property`] |
/// | lists and aggregates of its suburb | with [`tags::suburb`] |
/// | aggregates of its state | with [`tags::state`] |
///
/// A property that *moved* from another suburb: add `.tag(tags::suburb(old))`. One that is new, or may now match searches that did
/// not show it: add `.and(search_refreshed())`, else those show it when they expire.
pub fn property_updated(id: impl CacheKey, suburb: impl CacheKey, state: impl CacheKey) -> InvalidationPlan {
    InvalidationPlan::new()
        .key("property", &id)
        .key("price_history", &id)
        .tag(tags::property(id))
        .tag(tags::suburb(suburb))
        .tag(tags::state(state))
}

/// A property is gone: what [`property_updated`] hits, and all that lies beneath its keys (`property:<id>:*`,
/// `price_history:<id>:*`).
pub fn property_deleted(id: impl CacheKey, suburb: impl CacheKey, state: impl CacheKey) -> InvalidationPlan {
    InvalidationPlan::new()
        .under("property", &id)
        .under("price_history", &id)
        .and(property_updated(id, suburb, state))
}
