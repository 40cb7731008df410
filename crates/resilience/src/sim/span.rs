use super::{Figures, Report};
use std::{ops::Range, time::Duration};

/// A stretch of a simulation's time: its figures, and what one expects of them.
#[derive(Clone, Debug)]
pub struct Span<'r> {
    pub(super) report: &'r Report,
    slices: Range<usize>,
    figures: Figures,
}

impl<'r> Span<'r> {
    pub(super) fn new(report: &'r Report, slices: Range<usize>) -> Self {
        Self { report, figures: report.figures(slices.clone()), slices }
    }

    /// Its figures.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// From when to when.
    pub fn time(&self) -> Range<Duration> {
        self.report.time_of(self.slices.start)..self.report.time_of(self.slices.end)
    }

    /// The figures of each of its slices, and when it begins.
    pub fn slices(&self) -> impl Iterator<Item = (Duration, Figures)> + use<'r> {
        let report = self.report;
        self.slices.clone().map(move |slice| (report.time_of(slice), report.figures(slice..slice + 1)))
    }
}
