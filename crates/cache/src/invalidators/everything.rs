use super::InvalidationPlan;

/// Everything, as [`Cache::clear`](crate::Cache::clear).
pub fn everything() -> InvalidationPlan {
    InvalidationPlan::new().pattern("*")
}
