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
    aboard: Mutex<Option<Aboard>>,
}

/// The flight waited for, and the old value that this caller found for itself.
#[derive(Debug)]
struct Aboard {
    flight: Arc<Flight>,
    own: Option<Old>,
}

#[derive(Debug, Clone)]
struct Old {
    entry: Arc<Entry>,
    source: Source,
    suspect: bool,
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

    /// This is the flight now, and what memory had under it. What was found under another says nothing any more.
    pub(crate) fn board(&self, flight: &Arc<Flight>, recalled: Option<Recalled>) {
        let own = recalled.map(|Recalled { entry, suspect, .. }| Old { entry, source: Source::L1, suspect });
        *self.aboard.lock() = Some(Aboard { flight: flight.clone(), own });
    }

    /// Who leads found an old value below: it is there for all aboard.
    pub(crate) fn offer(&self, entry: Arc<Entry>, source: Source) {
        if let Some(aboard) = &*self.aboard.lock() {
            aboard.flight.offer_old(entry, source);
        }
    }

    /// The younger of the caller's own and the leader's.
    pub(crate) fn reserve(&self) -> Option<Reserve> {
        let aboard = self.aboard.lock();
        let Aboard { flight, own } = aboard.as_ref()?;
        let shared = flight.old().map(|(entry, source)| Old { entry, source, suspect: false });
        let Old { entry, source, suspect } = match (own.clone(), shared) {
            (Some(own), Some(shared)) if own.suspect || own.entry.moment() < shared.entry.moment() => shared,
            (own, shared) => own.or(shared)?,
        };
        Some(Reserve { entry, source, suspect, flight: flight.clone() })
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

    /// Why no load is to be tried now, if one failed or took too long of late.
    pub(crate) fn held_off(&self) -> Option<Why> {
        self.entry.held_off(Instant::now())
    }

    /// No other load is tried for a while.
    pub(crate) fn hold_off(&self, options: &RegionOptions, why: Why) {
        self.entry.hold_off(Instant::now() + throttle(options), why);
    }
}

pub(crate) fn throttle(options: &RegionOptions) -> Duration {
    options.fail_safe.as_ref().map_or(RETRY_AFTER, |fail_safe| fail_safe.throttle)
}
