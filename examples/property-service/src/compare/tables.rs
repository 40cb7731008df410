use super::Report;
use super::figures::{Unit, change};
use std::fmt;

/// One of the original report's tables, with what this run measured beside what was claimed there.
#[derive(Clone, Debug)]
pub struct Table {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// One line of a [`Table`].
#[derive(Clone, Debug)]
pub struct Row {
    /// What this run measured, by its right name.
    pub name: &'static str,
    /// The original's claim, before and after.
    pub claim: Option<(&'static str, &'static str)>,
    before: Option<f64>,
    after: Option<f64>,
    unit: Unit,
}

impl Row {
    fn new(name: &'static str, unit: Unit, before: Option<f64>, after: Option<f64>) -> Self {
        Self { name, claim: None, before, after, unit }
    }

    fn claimed(self, before: &'static str, after: &'static str) -> Self {
        Self { claim: Some((before, after)), ..self }
    }

    /// Claim, before, after and change, as shown; `–` for what there is not.
    pub fn cells(&self) -> [String; 4] {
        let dash = || "–".to_owned();
        let show = |value: Option<f64>| value.map_or_else(dash, |value| self.unit.show(value));
        let claim = self.claim.map_or_else(dash, |(before, after)| format!("{before} → {after}"));
        let change = self.before.zip(self.after).map(|(before, after)| change(self.unit, before, after));
        [claim, show(self.before), show(self.after), change.unwrap_or_else(dash)]
    }
}

/// The heads of [`Row::cells`].
pub const COLUMNS: [&str; 4] = ["original claim", "before", "after", "change"];

/// The original report's three tables. A row it has for which this run has no measure is named for what is
/// measured instead: counts are of the run, not of a day or an hour.
pub fn tables(report: &Report) -> [Table; 3] {
    [resilience(report), database(report), cache(report)]
}

fn resilience(Report { before, after, .. }: &Report) -> Table {
    let count = |value: Option<u64>| value.map(|count| count as f64);
    let in_time = |side: &super::Side| Some(side.details.endpoints_without_timeout_failure as f64);
    Table {
        title: "Resilience",
        rows: vec![
            Row::new(
                "p95 response",
                Unit::Milliseconds,
                Some(before.response_ms.p95),
                Some(after.response_ms.p95),
            )
            .claimed("500 ms", "200 ms"),
            Row::new(
                "transient errors",
                Unit::Share,
                Some(before.transient_error_rate),
                Some(after.transient_error_rate),
            )
            .claimed("5 %", "< 0.5 %"),
            Row::new(
                "breaker trips in the run",
                Unit::Count,
                count(before.breaker_trips),
                count(after.breaker_trips),
            )
            .claimed("–", "< 1 an hour"),
            Row::new("success rate", Unit::Share, Some(before.success_rate), Some(after.success_rate))
                .claimed("95 %", "99.9 %"),
            Row::new(
                "  of these served degraded",
                Unit::Share,
                Some(before.degraded_rate),
                Some(after.degraded_rate),
            ),
            Row::new(
                "retried calls that then succeeded",
                Unit::Share,
                before.retry_success_rate,
                after.retry_success_rate,
            )
            .claimed("–", "95 %"),
            Row::new("endpoints that never timed out", Unit::Endpoints, in_time(before), in_time(after))
                .claimed("–", "100 % have one"),
        ],
    }
}

fn database(Report { before, after, .. }: &Report) -> Table {
    let queries = |side: &super::Side| side.details.query_endpoints_ms;
    let count = |value: u64| Some(value as f64);
    let share = |pct: Option<f64>| pct.map(|pct| pct / 100.0);
    let refused = |side: &super::Side| {
        let of = |kind| side.details.failures.get(kind).copied().unwrap_or_default();
        count(of("database") + of("overloaded"))
    };
    Table {
        title: "Database",
        rows: vec![
            Row::new(
                "average response, list + search + stats",
                Unit::Milliseconds,
                Some(queries(before).avg),
                Some(queries(after).avg),
            )
            .claimed("500 ms", "150 ms"),
            Row::new(
                "p99 response, list + search + stats",
                Unit::Milliseconds,
                Some(queries(before).p99),
                Some(queries(after).p99),
            )
            .claimed("2000 ms", "400 ms"),
            Row::new(
                "pool utilisation",
                Unit::Share,
                share(before.pool_utilisation_pct),
                share(after.pool_utilisation_pct),
            )
            .claimed("95 %", "60 %"),
            Row::new(
                "slow queries in the run",
                Unit::Count,
                count(before.slow_queries),
                count(after.slow_queries),
            )
            .claimed("45 a day", "5 a day"),
            Row::new("database errors and refusals in the run", Unit::Count, refused(before), refused(after))
                .claimed("3 a day", "0 a day"),
            Row::new(
                "queries served by an index",
                Unit::Share,
                share(before.index_usage_pct),
                share(after.index_usage_pct),
            )
            .claimed("60 %", "95 %"),
        ],
    }
}

fn cache(Report { before, after, .. }: &Report) -> Table {
    let (slow, fast) = (before.response_ms, after.response_ms);
    let (none, hits) = (before.cache_hit_rate, after.cache_hit_rate);
    let count = |value: u64| Some(value as f64);
    Table {
        title: "Cache",
        rows: vec![
            Row::new("average response", Unit::Milliseconds, Some(slow.avg), Some(fast.avg))
                .claimed("250 ms", "50 ms"),
            Row::new("p95 response", Unit::Milliseconds, Some(slow.p95), Some(fast.p95))
                .claimed("800 ms", "200 ms"),
            Row::new("p99 response", Unit::Milliseconds, Some(slow.p99), Some(fast.p99))
                .claimed("2000 ms", "400 ms"),
            Row::new(
                "database queries",
                Unit::PerSecond,
                Some(before.db_queries_per_s),
                Some(after.db_queries_per_s),
            )
            .claimed("10,000/s", "1,500/s"),
            Row::new("hit rate", Unit::Share, none.total, hits.total).claimed("–", "85 %"),
            Row::new("  in memory (L1)", Unit::Share, none.l1, hits.l1),
            Row::new("  in Redis (L2)", Unit::Share, none.l2, hits.l2),
            Row::new("  in SQL (L3)", Unit::Share, none.l3, hits.l3),
            Row::new(
                "stale reads after an acknowledged write",
                Unit::Count,
                count(before.stale_reads_after_write),
                count(after.stale_reads_after_write),
            ),
            Row::new(
                "highest rate held (p99 ≤ 400 ms)",
                Unit::PerSecond,
                before.capacity_rps,
                after.capacity_rps,
            ),
        ],
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<[String; 4]> = self.rows.iter().map(Row::cells).collect();
        // Over all three tables, so that their columns stand under one another.
        let name_width = 40;
        let widths = [21, 11, 11, 14];
        write!(f, "{:<name_width$}", self.title)?;
        for (head, width) in COLUMNS.iter().zip(widths) {
            write!(f, " {head:>width$}")?;
        }
        writeln!(f)?;
        writeln!(f, "{}", "─".repeat(name_width + widths.iter().sum::<usize>() + widths.len()))?;
        for (row, cells) in self.rows.iter().zip(cells) {
            write!(f, "{:<name_width$}", row.name)?;
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, " {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_line_is_as_wide_as_its_head_and_fits_a_terminal() {
        for table in tables(&fixture::report()) {
            let text = table.to_string();
            let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
            assert!(widths[0] <= 110, "{text}");
            // For who wants to see it: cargo test -- --nocapture.
            println!("{text}");
        }
    }

    #[test]
    fn what_a_side_has_not_is_a_dash_and_not_a_nought() {
        let [resilience, _, cache] = tables(&fixture::report());
        let of = |table: &Table, name: &str| {
            table.rows.iter().find(|row| row.name == name).map(Row::cells).unwrap()
        };
        assert_eq!(of(&resilience, "breaker trips in the run")[1..], ["–", "2", "–"]);
        assert_eq!(of(&cache, "hit rate")[1], "–");
        assert_eq!(of(&cache, "  in Redis (L2)")[2], "–");
    }

    #[test]
    fn the_originals_rows_keep_their_claims() {
        let claims: Vec<String> = tables(&fixture::report())
            .iter()
            .flat_map(|table| {
                table.rows.iter().filter(|row| row.claim.is_some()).map(|row| row.cells()[0].clone())
            })
            .collect();
        assert_eq!(claims.len(), 6 + 6 + 5);
        assert!(claims.contains(&"500 ms → 200 ms".to_owned()));
        assert!(claims.contains(&"10,000/s → 1,500/s".to_owned()));
    }
}
