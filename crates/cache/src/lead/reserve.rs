use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::entry::{Entry, Freshness, Source, Why};
use crate::flight::Flight;
use crate::inner::Inner;
use crate::life::Stage;
use crate::options::RegionOptions;
use crate::recall::Recalled;

/// How long a load that failed is not tried again where fail-safe does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What whoever waits for a load may see of it.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    leading: AtomicBool,
    reserve: Mutex<Option<Reserve>>,
}

/// An old value to fall back on: as long as the flight it was found under is attached, it was not invalidated since.
#[derive(Debug, Clone)]
pub(crate) struct Reserve {
    pub(crate) entry: Arc<Entry>,
    pub(crate) source: Source,
    suspect: bool,
    flight: Arc<Flight>,
}

impl Watch {
    /// From now on the load is this caller's.
    pub(crate) fn lead(&self) {
        self.leading.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_leading(&self) -> bool {
        self.leading.load(Ordering::Relaxed)
    }

    /// An old value was found in memory under this flight.
    pub(crate) fn offer_recalled(&self, recalled: Recalled, flight: &Arc<Flight>) {
        let Recalled { entry, suspect, .. } = recalled;
        *self.reserve.lock() = Some(Reserve { entry, source: Source::L1, suspect, flight: flight.clone() });
    }

    /// An old value was found below; the younger of two is kept.
    pub(crate) fn offer(&self, entry: Arc<Entry>, source: Source, flight: &Arc<Flight>) {
        let mut reserve = self.reserve.lock();
        if reserve.as_ref().is_none_or(|own| own.entry.moment() < entry.moment() || own.suspect) {
            *reserve = Some(Reserve { entry, source, suspect: false, flight: flight.clone() });
        }
    }

    /// What was found under a flight that is over says nothing any more.
    pub(crate) fn forget(&self) {
        *self.reserve.lock() = None;
    }

    pub(crate) fn reserve(&self) -> Option<Reserve> {
        self.reserve.lock().clone()
    }
}

impl Reserve {
    /// How it may be served, if these options and what happened since allow it.
    pub(crate) fn served(
        &self,
        inner: &Inner,
        key: &str,
        options: &RegionOptions,
        why: Why,
    ) -> Option<Freshness> {
        let within_hard = match self.entry.stage(Instant::now()) {
            Stage::Dead => return None,
            Stage::Reserve => false,
            Stage::Fresh | Stage::Due | Stage::Stale => !self.suspect,
        };
        let allowed = within_hard || options.fail_safe.is_some();
        // Invalidated by key it is detached; by tag or pattern, not to be believed (ZiggyCreatures/FusionCache#648).
        if !allowed || !inner.stripes.is_attached(key, &self.flight) || !inner.believes(&self.entry, key) {
            return None;
        }
        Some(Freshness::Stale { why: if self.suspect { Why::Suspect } else { why } })
    }

    /// No other load is tried for a while.
    pub(crate) fn hold_off(&self, options: &RegionOptions, why: Why) {
        self.entry.hold_off(Instant::now() + throttle(options), why);
    }
}

pub(crate) fn throttle(options: &RegionOptions) -> Duration {
    options.fail_safe.as_ref().map_or(RETRY_AFTER, |fail_safe| fail_safe.throttle)
}
