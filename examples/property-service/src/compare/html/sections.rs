use super::super::Report;
use super::super::charts;
use super::super::figures::{Unit, grouped, percent};
use super::super::side::EndpointFigures;
use super::super::tables::{COLUMNS, Table, tables};
use super::page::{escape, legend, section, sides_legend};
use std::fmt::Write;

pub(super) fn traffic(report: &Report) -> String {
    let [before, after] = charts::traffic(report);
    let mut entries = vec![("ink", "right answers a second", false), ("error", "errors a second", false)];
    if report.after.timeline.iter().any(|point| point.breaker.is_some()) {
        entries.extend([
            ("closed", "breaker closed", true),
            ("half-open", "half-open", true),
            ("open", "open", true),
        ]);
    }
    let body =
        format!(r#"<h3 class="before-ink">before</h3>{before}<h3 class="after-ink">after</h3>{after}"#);
    let note = match report.outage_s {
        Some(_) => {
            "The band at the top is the valuer's circuit breaker; the shaded stretch is when the valuer was made to fail outright."
        }
        None => "The band at the top is the valuer's circuit breaker.",
    };
    section("Answers and errors", note, &legend(&entries), &body)
}

/// What reaches the cache and what reaches the database.
pub(super) fn work(report: &Report) -> String {
    let queries = section(
        "Database queries",
        "Statements a second, both sides.",
        &sides_legend(),
        &charts::queries(report),
    );
    let Some(hits) = charts::hits(report) else { return queries };
    let rate = report.after.cache_hit_rate;
    let mut entries = vec![("l1", "memory", true)];
    entries.extend(rate.l2.map(|_| ("l2", "Redis", true)));
    entries.extend(rate.l3.map(|_| ("l3", "SQL", true)));
    entries.push(("miss", "loaded", true));
    let hits = section("Cache reads", "A second, by the layer that answered.", &legend(&entries), &hits);
    format!("<div class=\"pair\">{hits}{queries}</div>\n")
}

pub(super) fn endpoints(report: &Report) -> String {
    let head = "<tr><th>endpoint</th><th>calls</th><th>p50 before</th><th>after</th><th>p95 before</th>\
                <th>after</th><th>p99 before</th><th>after</th><th>success before</th><th>after</th><th>degraded after</th></tr>";
    let mut rows = String::new();
    for (before, after) in report.before.by_endpoint.iter().zip(&report.after.by_endpoint) {
        let ms = |value: f64| Unit::Milliseconds.show(value);
        let share = |side: &EndpointFigures, share: f64| {
            if side.requests == 0 { "–".to_owned() } else { percent(share) }
        };
        let (slow, fast) = (before.response_ms, after.response_ms);
        _ = write!(rows, "<tr><td>{}</td><td>{}</td>", before.endpoint, grouped(before.requests as f64));
        for (slow, fast) in [(slow.p50, fast.p50), (slow.p95, fast.p95), (slow.p99, fast.p99)] {
            _ = write!(rows, "<td>{}</td><td>{}</td>", ms(slow), ms(fast));
        }
        _ = writeln!(
            rows,
            "<td>{}</td><td>{}</td><td>{}</td></tr>",
            share(before, before.success_rate),
            share(after, after.success_rate),
            share(after, after.degraded_rate),
        );
    }
    let body = format!(r#"<div class="scroll"><table>{head}{rows}</table></div>"#);
    section("By endpoint", "Response times of all calls, answered or not.", "", &body)
}

pub(super) fn original(report: &Report) -> String {
    let rows: String = tables(report).iter().map(rows).collect();
    let body = format!(r#"<div class="scroll"><table class="original">{rows}</table></div>"#);
    section(
        "The original report's tables",
        "What the report this project starts from claimed, beside what this run measured. Rows are named for what was measured: counts are of the run.",
        "",
        &body,
    )
}

fn rows(table: &Table) -> String {
    let mut html = format!("<tr><th>{}</th>", table.title);
    for column in COLUMNS {
        _ = write!(html, "<th>{column}</th>");
    }
    html.push_str("</tr>");
    for row in &table.rows {
        let part = if row.name.starts_with(' ') { r#" class="part""# } else { "" };
        _ = write!(html, "<tr><td{part}>{}</td>", row.name.trim());
        for cell in row.cells() {
            _ = write!(html, "<td>{}</td>", escape(&cell));
        }
        html.push_str("</tr>");
    }
    html
}
