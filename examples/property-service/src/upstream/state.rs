use super::schedule::{Fate, FaultSchedule};
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// What the server knows: the prices it values by, and where in its schedule it is.
#[derive(Debug)]
pub(super) struct State {
    prices: Vec<i64>,
    schedule: FaultSchedule,
    run: Mutex<Run>,
}

#[derive(Debug, Default)]
struct Run {
    /// The zero of the schedule's clock; `None` while the valuer is well.
    began: Option<Instant>,
    sequence: u64,
    calls: UpstreamCalls,
}

/// What became of the calls since the run, or its good health, began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpstreamCalls {
    pub answered: u64,
    /// With a 500 or 502.
    pub failed: u64,
    /// Answered seconds late, or still to be.
    pub stalled: u64,
    /// Connections closed by the outage instead of an answer.
    pub cut: u64,
}

impl UpstreamCalls {
    pub fn total(&self) -> u64 {
        self.answered + self.failed + self.stalled + self.cut
    }
}

impl State {
    pub(super) fn new(prices: Vec<i64>, schedule: FaultSchedule) -> Self {
        Self { prices, schedule, run: Mutex::default() }
    }

    pub(super) fn begin(&self, began: Option<Instant>) {
        *self.run.lock() = Run { began, ..Run::default() };
    }

    pub(super) fn calls(&self) -> UpstreamCalls {
        self.run.lock().calls
    }

    pub(super) fn is_out(&self) -> bool {
        let began = self.run.lock().began;
        began.is_some_and(|began| self.schedule.outage().contains(&began.elapsed()))
    }

    pub(super) fn count_cut(&self) {
        self.run.lock().calls.cut += 1;
    }

    /// Within a tenth of the asking price, and always the same for the same property.
    pub(super) fn estimate(&self, id: i64) -> Option<i64> {
        let place = usize::try_from(id).ok()?.checked_sub(1)?;
        let price = *self.prices.get(place)?;
        Some(price * (95 + id * 7_919 % 11) / 100)
    }

    /// Takes the next number, and with it its fate.
    pub(super) fn next_fate(&self) -> Fate {
        let mut run = self.run.lock();
        let fate = match run.began {
            Some(_) => self.schedule.fate(run.sequence),
            None => self.schedule.well(run.sequence),
        };
        run.sequence += 1;
        match fate {
            Fate::Answer { .. } => run.calls.answered += 1,
            Fate::Error { .. } => run.calls.failed += 1,
            Fate::Stall { .. } => run.calls.stalled += 1,
        }
        fate
    }
}

impl Fate {
    pub(super) fn after(self) -> Duration {
        match self {
            Self::Answer { after } | Self::Error { after, .. } | Self::Stall { after } => after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_outage_is_on_from_its_start_to_its_end_in_every_run_and_never_while_the_valuer_is_well() {
        let schedule = FaultSchedule::drawn(42, Duration::from_secs(60));
        let outage = schedule.outage();
        let state = State::new(Vec::new(), schedule);
        let step = Duration::from_millis(1);
        assert!(!state.is_out());
        for _ in 0..2 {
            state.begin(Some(Instant::now()));
            let mut passed = Duration::ZERO;
            for (at, is_out) in [
                (Duration::ZERO, false),
                (outage.start - step, false),
                (outage.start + step, true),
                (outage.end - step, true),
                (outage.end + step, false),
            ] {
                tokio::time::advance(at - passed).await;
                passed = at;
                assert_eq!(state.is_out(), is_out, "{at:?} into a run whose outage is {outage:?}");
            }
        }
        state.begin(None);
        tokio::time::advance(outage.start + step).await;
        assert!(!state.is_out());
    }
}
