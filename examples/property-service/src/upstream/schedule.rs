use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;
use std::ops::Range;
use std::time::Duration;

/// What becomes of each call, fixed by (seed, run length, sequence): whoever calls, the n-th call of a run meets
/// the same fate, and the outage comes at the same moment.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSchedule {
    seed: u64,
    outage: Range<Duration>,
}

/// What the server does with one call it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Answer {
        after: Duration,
    },
    /// A 500 or a 502.
    Error {
        after: Duration,
        status: u16,
    },
    /// A right answer, but two to six seconds late.
    Stall {
        after: Duration,
    },
}

impl FaultSchedule {
    /// Share of calls answered with a 500 or 502.
    pub const ERRORS: f64 = 0.05;
    /// Share of calls answered seconds late.
    pub const STALLS: f64 = 0.015;
    /// Share of the run during which no call is answered at all.
    pub const OUTAGE: f64 = 0.15;
    /// What a healthy call takes, by median.
    pub const LATENCY: Duration = Duration::from_millis(25);

    /// The outage lies somewhere within the middle third of the run.
    pub fn drawn(seed: u64, run_length: Duration) -> Self {
        let start = draws(seed, u64::MAX).random_range(1.0 / 3.0..=2.0 / 3.0 - Self::OUTAGE);
        let outage = run_length.mul_f64(start)..run_length.mul_f64(start + Self::OUTAGE);
        Self { seed, outage }
    }

    #[cfg(test)]
    pub fn out_from_the_start(seed: u64, outage: Duration) -> Self {
        Self { seed, outage: Duration::ZERO..outage }
    }

    /// When, since the run began, no call is answered.
    pub fn outage(&self) -> Range<Duration> {
        self.outage.clone()
    }

    /// The fate of the run's call with this number, from 0, if no outage is on.
    pub fn fate(&self, sequence: u64) -> Fate {
        let mut draws = draws(self.seed, sequence);
        let after = healthy(&mut draws);
        let share: f64 = draws.random();
        if share < Self::ERRORS {
            Fate::Error { after, status: if draws.random() { 500 } else { 502 } }
        } else if share < Self::ERRORS + Self::STALLS {
            Fate::Stall { after: Duration::from_secs_f64(draws.random_range(2.0..6.0)) }
        } else {
            Fate::Answer { after }
        }
    }

    /// The fate of a call while the valuer is well.
    pub fn well(&self, sequence: u64) -> Fate {
        Fate::Answer { after: healthy(&mut draws(self.seed, sequence)) }
    }
}

/// How long an answer takes that meets no fault.
fn healthy(draws: &mut Pcg64Mcg) -> Duration {
    let spread = LogNormal::new(0.0, 0.35).expect("a fixed, finite deviation");
    FaultSchedule::LATENCY.mul_f64(spread.sample(draws))
}

/// A stream a call: calls are served side by side, and none may change another's draws.
fn draws(seed: u64, sequence: u64) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Duration = Duration::from_secs(60);

    #[test]
    fn faults_come_at_their_rates() {
        let schedule = FaultSchedule::drawn(42, RUN);
        let fates: Vec<Fate> = (0..40_000).map(|sequence| schedule.fate(sequence)).collect();
        let share = |of: fn(&Fate) -> bool| fates.iter().filter(|fate| of(fate)).count() as f64 / 40_000.0;
        let errors = share(|fate| matches!(fate, Fate::Error { status: 500 | 502, .. }));
        assert!((0.046..0.054).contains(&errors), "{errors}");
        let stalls = share(|fate| matches!(fate, Fate::Stall { after } if (2..6).contains(&after.as_secs())));
        assert!((0.013..0.017).contains(&stalls), "{stalls}");
        let mut healthy: Vec<Duration> = fates
            .iter()
            .filter_map(|fate| if let Fate::Answer { after } = fate { Some(*after) } else { None })
            .collect();
        healthy.sort_unstable();
        let (median, p99) = (healthy[healthy.len() / 2], healthy[healthy.len() * 99 / 100]);
        assert!((24..=26).contains(&median.as_millis()), "{median:?}");
        assert!((50..=65).contains(&p99.as_millis()), "{p99:?}");
    }

    #[test]
    fn a_valuer_that_is_well_only_takes_its_time() {
        let schedule = FaultSchedule::drawn(42, RUN);
        assert!((0..5_000).all(|sequence| matches!(schedule.well(sequence), Fate::Answer { .. })));
    }

    #[test]
    fn the_same_seed_and_length_give_the_same_faults() {
        let fates = |seed| {
            let schedule = FaultSchedule::drawn(seed, RUN);
            (0..500).map(|sequence| schedule.fate(sequence)).collect::<Vec<_>>()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
        assert_eq!(FaultSchedule::drawn(1, RUN), FaultSchedule::drawn(1, RUN));
    }

    #[test]
    fn the_outage_lies_in_the_middle_third_and_lasts_its_share() {
        let mut starts = Vec::new();
        for seed in 0..200 {
            let outage = FaultSchedule::drawn(seed, RUN).outage();
            assert!(
                outage.start >= RUN / 3 && outage.end <= RUN * 2 / 3 + Duration::from_millis(1),
                "{outage:?}"
            );
            let share = (outage.end - outage.start).as_secs_f64() / RUN.as_secs_f64();
            assert!((share - FaultSchedule::OUTAGE).abs() < 1e-6, "{share}");
            starts.push(outage.start);
        }
        starts.sort_unstable();
        assert!(starts[199] - starts[0] > RUN / 7, "every seed draws nearly the same outage: {starts:?}");
    }
}
