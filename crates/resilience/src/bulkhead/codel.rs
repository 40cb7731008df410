use std::time::Duration;
use tokio::time::Instant;

/// Tells a queue that stands from a burst that passes: by the shortest wait of each interval.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codel {
    interval: Option<Interval>,
    overloaded: bool,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    ends: Option<Instant>,
    shortest: Duration,
}

impl Codel {
    /// Whether a call whose turn comes after it `waited` is to be shed instead.
    pub(super) fn is_overdue(
        &mut self,
        target: Duration,
        interval: Duration,
        waited: Duration,
        now: Instant,
    ) -> bool {
        match &mut self.interval {
            // An end that no clock can express never comes.
            Some(current) if current.ends.is_none_or(|ends| now < ends) => {
                current.shortest = current.shortest.min(waited);
            }
            finished => {
                self.overloaded = finished.is_some_and(|finished| finished.shortest > target);
                *finished = Some(Interval { ends: now.checked_add(interval), shortest: waited });
            }
        }
        self.overloaded && waited > target.saturating_mul(2)
    }

    /// Nobody waits: whatever queue there was does not stand.
    pub(super) fn emptied(&mut self) {
        *self = Self::default();
    }
}
