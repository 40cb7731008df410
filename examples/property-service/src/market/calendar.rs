/// The data's "today", in days since 1970-01-01: 1 January 2026. A constant, so that the same seed gives the
/// same market whenever it is made.
pub const TODAY: i32 = 20_454;

pub(super) const DAYS_PER_YEAR: f64 = 365.25;
