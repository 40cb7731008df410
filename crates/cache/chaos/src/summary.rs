use std::fmt;

use crate::report::{Report, ms};

/// A line for each run.
#[derive(Debug)]
pub struct Summary<'a>(pub &'a [Report]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| servers | seed | operations | reads judged | faults | failovers | slots moved | p99 staleness | max | violations |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        self.0.iter().try_for_each(|report| {
            let Report { servers, seed, operations, reads, tally, staleness, violations, .. } = report;
            let (faults, failovers, moved) = (report.fault_count(), tally.failovers, tally.slots_moved);
            let (p99, max) = (ms(staleness.value_at_quantile(0.99)), ms(staleness.max()));
            write!(f, "| {servers} | {seed} | {operations} | {reads} | {faults} | {failovers} | {moved} ")?;
            writeln!(f, "| {p99:.1} ms | {max:.1} ms | {violations} |")
        })
    }
}
