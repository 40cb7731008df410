use serde_json::Value;
use std::sync::Arc;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// As it should be.
    Healthy,
    /// It works, with less than usual.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// Its name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// Something that `/health/resilience` tells of. Called when asked, so it should be quick.
pub trait HealthSource: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// What kind of thing it is: `breaker`, `timeout`.
    fn kind(&self) -> &str;

    /// How it is.
    fn status(&self) -> HealthStatus;

    /// Its numbers: durations in milliseconds, in fields that end in `_ms`.
    fn details(&self) -> Value;
}

impl<S: HealthSource + ?Sized> HealthSource for Arc<S> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn kind(&self) -> &str {
        (**self).kind()
    }

    fn status(&self) -> HealthStatus {
        (**self).status()
    }

    fn details(&self) -> Value {
        (**self).details()
    }
}
