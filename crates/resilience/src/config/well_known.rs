use super::ServiceConfig;
use crate::BulkheadConfig;
use std::time::Duration;

/// How a service differs from the profile.
type Difference = fn(ServiceConfig) -> ServiceConfig;

/// Services that most systems have: what differs from the profile for them, by name.
///
/// The timeouts of auth, search and ML and all bulkheads are those of the report mainstay starts from.
pub(super) const WELL_KNOWN: [(&str, Difference); 6] = [
    ("auth", |base| base.timeout(Duration::from_secs(5)).bulkhead(BulkheadConfig::FAST)),
    ("cache", |base| base.timeout(Duration::from_secs(1)).bulkhead(BulkheadConfig::FAST)),
    ("database", |base| base.bulkhead(BulkheadConfig::DATABASE)),
    ("external_api", |base| base.bulkhead(BulkheadConfig::EXTERNAL_API)),
    ("ml", |base| base.timeout(Duration::from_secs(60)).bulkhead(BulkheadConfig::ML_OPERATIONS)),
    ("search", |base| base.timeout(Duration::from_secs(15))),
];
