use super::{Priority, label::Tally, places::Places};

/// A place taken; given back when dropped, to whoever is next.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place<'p> {
    places: &'p Places,
    tally: Option<&'p Tally>,
}

impl<'p> Place<'p> {
    /// Of one that was just taken.
    #[inline]
    pub(super) fn taken(places: &'p Places, tally: Option<&'p Tally>) -> Self {
        if let Some(tally) = tally {
            Tally::add(&tally.admitted);
            Tally::add(&tally.running);
        }
        Self { places, tally }
    }

    /// One of the share of `priority`, if one is free and nobody waits; and how many then run.
    #[inline]
    pub(crate) fn try_share(places: &'p Places, priority: Priority) -> Option<(Self, usize)> {
        let running = places.try_enter_share(priority)?;
        Some((Self { places, tally: None }, running))
    }

    /// The one that was [kept](Self::keep) for the same caller.
    #[inline]
    pub(crate) fn kept(places: &'p Places, tally: Option<&'p Tally>) -> Self {
        Self { places, tally }
    }

    /// Keeps the place taken; that it is so must show in something else until it is [`kept`](Self::kept) again.
    #[inline]
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }

    /// Gives it back; if that answers `true`, [`Places::pass_on`] is due.
    #[inline]
    pub(crate) fn vacate(self) -> bool {
        if let Some(tally) = self.tally {
            Tally::take(&tally.running);
        }
        let due = self.places.vacate();
        std::mem::forget(self);
        due
    }
}

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(tally) = self.tally {
            Tally::take(&tally.running);
        }
        self.places.leave();
    }
}
