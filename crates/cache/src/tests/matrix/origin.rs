//! The source that the rows load from: what it says, and how long it takes, is a step of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::super::world::seconds;
use crate::{FleetAnswer, FleetBudget, LoadContext, Loaded};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// How often it was asked, so each value is new.
    Count,
    NoSuchThing,
    NotModified,
    Error,
}

#[derive(Debug, Clone)]
pub(super) struct Origin(Arc<State>);

#[derive(Debug)]
struct State {
    asked: AtomicU64,
    etagged: bool,
    /// With how many seconds each answer takes. A load is answered as its source was when it began.
    manner: Mutex<(Says, u64)>,
}

impl Origin {
    pub(super) fn new(etagged: bool) -> Self {
        let manner = Mutex::new((Says::Count, 0));
        Self(Arc::new(State { asked: AtomicU64::new(0), etagged, manner }))
    }

    pub(super) fn says(&self, says: Says) {
        self.0.manner.lock().0 = says;
    }

    pub(super) fn takes(&self, time: u64) {
        self.0.manner.lock().1 = time;
    }

    pub(super) fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }

    pub(super) async fn load(self, cx: LoadContext) -> Result<Loaded<u64>, &'static str> {
        let count = self.0.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let (says, takes) = *self.0.manner.lock();
        if takes > 0 {
            tokio::time::sleep(seconds(takes)).await;
        }
        if says != Says::NotModified {
            cx.tag("said");
            if self.0.etagged {
                cx.etag("e");
            }
        }
        match says {
            Says::Count => Ok(Loaded::Value(count)),
            Says::NoSuchThing => Ok(Loaded::Absent),
            Says::NotModified => {
                let shown = (cx.stale::<u64>().is_some(), cx.stale_etag());
                assert!(
                    matches!(shown, (false, None) | (true, Some("e"))),
                    "a value and its etag: {shown:?}"
                );
                Ok(Loaded::NotModified)
            }
            Says::Error => Err("no database"),
        }
    }
}

/// A fleet's budget of so many loads, and none for half a minute after them.
#[derive(Debug)]
pub(super) struct Grants(pub(super) AtomicU32);

impl FleetBudget for Grants {
    fn try_acquire(&self, loads: u32) -> BoxFuture<'_, FleetAnswer> {
        Box::pin(async move {
            let left =
                self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(loads));
            left.map_or(FleetAnswer::RetryAfter(seconds(30)), |_| FleetAnswer::Granted)
        })
    }
}
