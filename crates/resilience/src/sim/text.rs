use super::{Condition, Report};
use std::{fmt, ops::Range, time::Duration};

/// Rows of the table, at most.
const ROWS: usize = 30;

/// A table over time with a bar for goodput, the conditions beside the rows in which they begin, and the whole beneath.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scenario = self.scenario();
        writeln!(f, "simulation `{}`, {:?}, seed {}", self.name(), scenario.duration, scenario.seed)?;
        writeln!(
            f,
            "{:>9} {:>9} {:>8} {:10} {:>9} {:>10} {:>10} {:>6} {:>9}",
            "from", "offered", "goodput", "", "attempts", "p50", "p99", "util", "in flight"
        )?;
        let slices_a_row = self.slice_count().div_ceil(ROWS);
        for first in (0..self.slice_count()).step_by(slices_a_row) {
            let end = (first + slices_a_row).min(self.slice_count());
            self.row(f, first..end)?;
        }
        self.row(f, 0..self.slice_count())?;
        for (cause, count) in &self.whole().figures().errors {
            writeln!(f, "  {cause}: {count}")?;
        }
        if scenario.clients.len() > 1 {
            for (name, goodput) in self.goodput_by_client() {
                writeln!(f, "  goodput of `{name}`: {:.2} %", goodput * 100.0)?;
            }
            writeln!(f, "  fairness: {:.3}", self.fairness())?;
        }
        Ok(())
    }
}

impl Report {
    fn row(&self, f: &mut fmt::Formatter<'_>, slices: Range<usize>) -> fmt::Result {
        let figures = self.figures(slices.clone());
        let is_whole = slices.len() == self.slice_count();
        let time = self.time_of(slices.start)..self.time_of(slices.end);
        let from = if is_whole { "whole".into() } else { format!("{:?}", time.start) };
        // Full for nothing less than all.
        let bar = "█".repeat((figures.goodput * 10.0) as usize);
        let latency = |time: Duration| {
            if figures.succeeded == 0 { "-".into() } else { format!("{time:.1?}") }
        };
        write!(
            f,
            "{from:>9} {:>9} {:>6.1} % {bar:10} {:>9} {:>10} {:>10} {:>4.0} % {:>9.1}",
            figures.offered,
            figures.goodput * 100.0,
            figures.attempts,
            latency(figures.latency.p50),
            latency(figures.latency.p99),
            figures.utilisation * 100.0,
            figures.in_flight,
        )?;
        for change in self.scenario().server.changes.iter().filter(|change| time.contains(&change.at)) {
            if !is_whole {
                write!(f, "  <- {}", change.condition)?;
            }
        }
        writeln!(f)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str("healthy"),
            Self::Capacity { workers } => write!(f, "capacity {workers}"),
            Self::Leaking { growth_per_minute } => {
                write!(f, "leaking, {:.0} % a minute", growth_per_minute * 100.0)
            }
            Self::BrownOut { slower, fault_rate } => {
                write!(f, "brown-out, {slower} times slower, {:.0} % faults", fault_rate * 100.0)
            }
            Self::Refusing => f.write_str("refusing"),
            Self::Hanging => f.write_str("hanging"),
        }
    }
}
