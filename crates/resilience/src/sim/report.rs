use super::{
    Figures, Recovery, Scenario, Span,
    call_log::{CallLog, Calls},
    usage::Work,
};
use std::{
    ops::{Bound, Range, RangeBounds},
    sync::Arc,
    time::Duration,
};

/// What became of the calls of a simulation. Prints as a table; with feature `config` it serialises, to JSON for one.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) name: Arc<str>,
    pub(super) scenario: Scenario,
    slices: Vec<(Calls, Work)>,
    groups: Vec<Calls>,
}

impl Report {
    pub(super) fn new(name: Arc<str>, scenario: Scenario, calls: CallLog, work: Vec<Work>) -> Self {
        Self { name, scenario, slices: calls.slices.into_iter().zip(work).collect(), groups: calls.groups }
    }

    /// The simulation's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was played.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// All of it.
    pub fn whole(&self) -> Span<'_> {
        self.between(..)
    }

    /// The slices that lie whole in this stretch of time.
    pub fn between(&self, time: impl RangeBounds<Duration>) -> Span<'_> {
        let slice = self.scenario.slice.as_nanos();
        let index = |nanos: u128| usize::try_from(nanos).unwrap_or(usize::MAX).min(self.slices.len());
        let from = match time.start_bound() {
            Bound::Included(from) | Bound::Excluded(from) => index(from.as_nanos().div_ceil(slice)),
            Bound::Unbounded => 0,
        };
        let to = match time.end_bound() {
            Bound::Included(to) | Bound::Excluded(to) => index(to.as_nanos() / slice),
            Bound::Unbounded => self.slices.len(),
        };
        Span::new(self, from..to.max(from))
    }

    /// From this time to the end.
    pub fn after(&self, time: Duration) -> Span<'_> {
        self.between(time..)
    }

    /// How goodput came back after a fault that lasted for this stretch of time.
    pub fn recovery(&self, fault: Range<Duration>) -> Recovery<'_> {
        Recovery::new(self, fault)
    }

    /// The share of each group of clients' calls that succeeded, in the order of the scenario.
    pub fn goodput_by_client(&self) -> impl Iterator<Item = (&str, f64)> {
        let names = self.scenario.clients.iter().map(|clients| clients.name.as_str());
        names.zip(self.groups.iter().map(|calls| match calls.offered {
            0 => 1.0,
            offered => calls.succeeded as f64 / offered as f64,
        }))
    }

    /// Jain's index of fairness over the groups' [goodput](Self::goodput_by_client): 1 if all fare alike, 1/n if one of n
    /// has everything.
    ///
    /// From Jain, Chiu and Hawe, *A quantitative measure of fairness and discrimination*, 1984.
    pub fn fairness(&self) -> f64 {
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for (_, goodput) in self.goodput_by_client() {
            sum += goodput;
            squares += goodput * goodput;
            count += 1.0;
        }
        if squares == 0.0 { 1.0 } else { sum * sum / (count * squares) }
    }

    pub(super) fn slice_count(&self) -> usize {
        self.slices.len()
    }

    /// When this slice begins.
    pub(super) fn time_of(&self, slice: usize) -> Duration {
        self.scenario.slice.saturating_mul(u32::try_from(slice).unwrap_or(u32::MAX))
    }

    /// Calls offered and succeeded in these slices.
    pub(super) fn counts(&self, slices: Range<usize>) -> (u64, u64) {
        let slices = self.slices[slices].iter();
        slices.fold((0, 0), |(offered, good), (calls, _)| (offered + calls.offered, good + calls.succeeded))
    }

    pub(super) fn figures(&self, slices: Range<usize>) -> Figures {
        let time = self.time_of(slices.len());
        let (mut calls, mut work) = (Calls::default(), Work::default());
        for (slice_calls, slice_work) in &self.slices[slices] {
            calls.add(slice_calls);
            work.add(slice_work);
        }
        Figures::new(calls, &work, time)
    }
}

#[cfg(feature = "config")]
impl serde::Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        #[derive(serde::Serialize)]
        struct Slice {
            #[serde(with = "humantime_serde")]
            from: Duration,
            #[serde(flatten)]
            figures: Figures,
        }
        let slices: Vec<Slice> = (0..self.slice_count())
            .map(|slice| Slice { from: self.time_of(slice), figures: self.figures(slice..slice + 1) })
            .collect();
        let clients: std::collections::BTreeMap<_, _> = self.goodput_by_client().collect();
        let mut fields = serializer.serialize_struct("Report", 6)?;
        fields.serialize_field("name", self.name())?;
        fields.serialize_field("scenario", &self.scenario)?;
        fields.serialize_field("whole", &self.figures(0..self.slice_count()))?;
        fields.serialize_field("goodput_by_client", &clients)?;
        fields.serialize_field("fairness", &self.fairness())?;
        fields.serialize_field("slices", &slices)?;
        fields.end()
    }
}
