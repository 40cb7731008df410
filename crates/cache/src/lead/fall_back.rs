//! The old value, for a caller whose load failed, takes too long, or was not begun.

use tokio::time::Instant;

use super::reserve::Reserve;
use super::voyage::Voyage;
use crate::claim::Ticket;
use crate::entry::{Answer, Freshness, Source, Why};
use crate::flight::Seat;
use crate::load::LoadContext;

/// What there is for a caller while the load takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Old {
    Nothing,
    /// For who has waited long enough.
    Value,
    /// At once: a load failed or took too long of late, and nobody is to wait for another yet.
    HeldOff,
}

impl Voyage {
    /// Found under this flight: as long as it is attached, it was not invalidated since.
    pub(super) fn look_for_reserve(&self, seat: &Seat<'_>) {
        self.watch.board(seat.flight(), self.inner.examine(&self.region, &self.key));
    }

    pub(super) fn context(&self, ticket: Option<Ticket>) -> LoadContext {
        let stale = self.watch.reserve().map(|reserve| reserve.entry);
        // What this node knows counts where the keeper was not asked, or has forgotten.
        let own = self.inner.stripes.least_version(&self.key);
        let least_version = ticket.map_or(0, |ticket| ticket.least_version).max(own);
        LoadContext::new(self.key.clone(), stale, least_version)
    }

    /// Why no load is to be tried now, if one failed lately.
    pub(super) fn held_off(&self) -> Option<Why> {
        self.watch.reserve()?.held_off()
    }

    pub(super) fn old(&self) -> Old {
        match self.served(Why::LoaderTimedOut) {
            None => Old::Nothing,
            Some((reserve, _)) if reserve.held_off().is_some() => Old::HeldOff,
            Some(_) => Old::Value,
        }
    }

    /// The old value for a caller who leaves: those who stay may still get a new one. Nobody waits again for a while.
    pub(super) fn serve_old<V: Send + Sync + 'static>(&self) -> Option<Answer<V>> {
        let (reserve, freshness) = self.served(Why::LoaderTimedOut)?;
        reserve.hold_off(&self.region.options, Why::LoaderTimedOut);
        self.answer_old(&reserve, freshness)
    }

    /// The same where others have waited of late.
    pub(super) fn serve_held_off<V: Send + Sync + 'static>(&self) -> Option<Answer<V>> {
        let (reserve, freshness) = self.served(self.held_off()?)?;
        self.answer_old(&reserve, freshness)
    }

    /// The old value, if there is one that may be served: it ends the flight for all who wait, and holds off others' loads.
    pub(super) fn fall_back<V: Send + Sync + 'static>(&self, seat: &Seat<'_>, why: Why) -> Option<Answer<V>> {
        let Self { inner, region, key, .. } = self;
        let (reserve, freshness) = self.served(why)?;
        let answer = self.answer_old(&reserve, freshness)?;
        if reserve.held_off().is_none() {
            reserve.hold_off(&region.options, why);
        }
        // Without a place to note why, each of those who wait finds out for itself.
        if reserve.entry.life.is_some() {
            inner.land_old(region, key, seat, &reserve.entry, reserve.source);
        }
        Some(answer)
    }

    /// A read as any other: what slides slides on.
    fn answer_old<V: Send + Sync + 'static>(
        &self,
        reserve: &Reserve,
        freshness: Freshness,
    ) -> Option<Answer<V>> {
        let Self { inner, region, key, .. } = self;
        if self.is_read() {
            reserve.entry.touch(Instant::now());
            inner.prolong(region, key, &reserve.entry, reserve.source != Source::L1);
            region.counters.served(freshness);
        }
        inner.answer(&reserve.entry, reserve.source, freshness)
    }

    fn served(&self, why: Why) -> Option<(Reserve, Freshness)> {
        let reserve = self.watch.reserve()?;
        let freshness = reserve.served(&self.inner, &self.key, &self.region.options, why)?;
        Some((reserve, freshness))
    }
}
