use super::InvalidationPlan;
use crate::tags;

/// Searches have to be made anew: all that is keyed `search:…` or was loaded with [`tags::SEARCH`].
pub fn search_refreshed() -> InvalidationPlan {
    InvalidationPlan::new().pattern("search:*").tag(tags::SEARCH)
}
