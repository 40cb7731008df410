use super::InvalidationPlan;
use crate::key::CacheKey;
use crate::tags;

/// A user has changed, or signed out: `user:<id>`, `user_alerts:<id>` and all beneath them, the searches keyed
/// `search:<id>:…`, and what was loaded with [`tags::user`].
pub fn user_changed(id: impl CacheKey) -> InvalidationPlan {
    InvalidationPlan::new()
        .key("user", &id)
        .key("user_alerts", &id)
        .under("user", &id)
        .under("user_alerts", &id)
        .under("search", &id)
        .tag(tags::user(id))
}
