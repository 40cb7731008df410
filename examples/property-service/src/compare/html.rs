use super::charts;
use super::figures::{Unit, grouped, percent, round, significant};
use super::report::{EndpointFigures, Report, Side};
use super::tables::{COLUMNS, Table, tables};
use serde_json::Value;
use std::fmt::Write;

/// `index.html`: the whole report on one page that fetches nothing.
pub fn page(report: &Report) -> String {
    let head = header(report);
    let cards = cards(report);
    let distribution = section(
        "Response times",
        "The share of calls that were slower than a given time, from when each call was due. Lower and further left is better.",
        &sides_legend(),
        &charts::distribution(report),
    );
    let traffic = traffic(report);
    let tail = section(
        "p95 over the run",
        "Of the calls that ended in each quarter of a second.",
        &sides_legend(),
        &charts::tail(report),
    );
    let work = work(report);
    let endpoints = endpoints(report);
    let original = original(report);
    let facts = facts(report);
    let css = include_str!("page.css");
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Before and after mainstay</title>
<style>
{css}</style>
</head>
<body>
<main>
{head}{cards}{distribution}{traffic}{tail}{work}{endpoints}{original}{facts}</main>
</body>
</html>
"#
    )
}

fn header(report: &Report) -> String {
    format!(
        r#"<h1><span class="before-ink">Before</span> and <span class="after-ink">after</span> mainstay</h1>
<p class="soft">The same {} calls in {} s ({} a second, seed {}), with the same faults, on a naive property service and on one that stands on mainstay.</p>
"#,
        grouped(report.before.requests as f64),
        report.duration_s,
        round(report.rate, 1),
        report.seed,
    )
}

fn cards(report: &Report) -> String {
    let (before, after, ratios) = (&report.before, &report.after, &report.ratios);
    let times = |ratio: Option<f64>, less: &str, more: &str| match ratio {
        Some(ratio) if ratio >= 1.0 => format!("{}× {more}", significant(ratio)),
        Some(ratio) if ratio > 0.0 => format!("{}× {less}", significant(1.0 / ratio)),
        _ => "–".to_owned(),
    };
    let less = |reduction: Option<f64>| match reduction {
        Some(share) if share >= 0.0 => format!("{} less", percent(share)),
        Some(share) => format!("{} more", percent(-share)),
        None => "–".to_owned(),
    };
    let from_to = |unit: Unit, before: Option<f64>, after: Option<f64>| {
        let show = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| unit.show(value));
        format!("{} → {}", show(before), show(after))
    };
    let (slow, fast) = (before.response_ms, after.response_ms);
    let cards = [
        (
            "p95 response",
            times(ratios.p95, "slower", "faster"),
            from_to(Unit::Milliseconds, Some(slow.p95), Some(fast.p95)),
        ),
        (
            "average response",
            times(ratios.avg, "slower", "faster"),
            from_to(Unit::Milliseconds, Some(slow.avg), Some(fast.avg)),
        ),
        (
            "success",
            percent(after.success_rate),
            format!("{} before; {} degraded", percent(before.success_rate), percent(after.degraded_rate)),
        ),
        (
            "database queries",
            less(ratios.db_queries_reduction),
            from_to(Unit::Count, Some(before.db_queries as f64), Some(after.db_queries as f64)),
        ),
        (
            "cache hit rate",
            after.cache_hit_rate.total.map_or_else(|| "–".to_owned(), percent),
            format!("{} stale reads after a write", grouped(after.stale_reads_after_write as f64)),
        ),
        (
            "rate held, p99 ≤ 400 ms",
            times(ratios.capacity, "lower", "higher"),
            from_to(Unit::PerSecond, before.capacity_rps, after.capacity_rps),
        ),
    ];
    let mut html = String::from(r#"<div class="cards">"#);
    for (name, value, note) in cards {
        _ = write!(html, r#"<div class="card"><span>{name}</span><b>{value}</b><span>{note}</span></div>"#);
    }
    html + "</div>\n"
}

fn section(title: &str, note: &str, legend: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2><p class=\"soft\">{note}</p>{legend}{body}</section>\n")
}

/// Colour (a name of the style sheet's), text, and whether it stands for an area.
fn legend(entries: &[(&str, &str, bool)]) -> String {
    let mut html = String::from(r#"<div class="legend">"#);
    for (colour, text, area) in entries {
        let class = if *area { r#" class="box""# } else { "" };
        _ = write!(html, r#"<span><i{class} style="background:var(--{colour})"></i>{text}</span>"#);
    }
    html + "</div>"
}

fn sides_legend() -> String {
    legend(&[("before", "before", false), ("after", "after", false)])
}

fn traffic(report: &Report) -> String {
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
fn work(report: &Report) -> String {
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

fn endpoints(report: &Report) -> String {
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

fn original(report: &Report) -> String {
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

fn facts(report: &Report) -> String {
    let machine = &report.machine;
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let mut facts = vec![
        ("machine".to_owned(), {
            let cores = or_unknown(machine.cores.map(|cores| cores.to_string()));
            let memory = machine.memory_mb.map(|mb| mb as f64 / 1024.0);
            let memory = or_unknown(memory.map(|gb| format!("{} GiB", significant(gb))));
            format!("{cores} cores, {}, {memory}, {}", or_unknown(machine.cpu.clone()), machine.os)
        }),
        ("compiler".to_owned(), {
            let build =
                if machine.optimised { "optimised" } else { "not optimised: the figures mean little" };
            format!("{}, {build}", machine.rustc.unwrap_or("unknown"))
        }),
        ("load generator's lateness".to_owned(), {
            let lag = |side: &Side| Unit::Milliseconds.show(side.details.start_lag_ms.p99);
            format!(
                "p99 {} before, {} after; part of each response time",
                lag(&report.before),
                lag(&report.after)
            )
        }),
        (
            "capacity trials".to_owned(),
            format!("{}; {}", trials("before", &report.before), trials("after", &report.after)),
        ),
    ];
    for (name, value) in [("market", &report.market), ("arguments", &report.arguments)] {
        facts.push((name.to_owned(), flat(value)));
    }
    facts.push((
        "versions".to_owned(),
        report
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", "),
    ));
    let mut body = String::from("<dl>");
    for (name, value) in facts {
        _ = write!(body, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&value));
    }
    section("How it was measured", "Every figure on this page is of this one run.", "", &(body + "</dl>"))
}

fn trials(name: &str, side: &Side) -> String {
    let trials = &side.details.capacity_trials;
    if trials.is_empty() {
        return format!("{name} none");
    }
    let each: Vec<String> = trials
        .iter()
        .map(|trial| format!("{}/s {}", significant(trial.rate), if trial.held { "held" } else { "failed" }))
        .collect();
    format!("{name} {}", each.join(", "))
}

/// `name value, name value` of an object, without what is null.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), flat(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_page_is_whole_and_fetches_nothing() {
        let html = page(&fixture::report());
        // To look at it: PROPERTY_REPORT_PAGE=/tmp/page.html cargo test -p property-service fetches_nothing
        if let Some(path) = std::env::var_os("PROPERTY_REPORT_PAGE") {
            std::fs::write(path, &html).unwrap();
        }
        for outside in ["http:", "https:", "src=", "<link", "<script", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
        for open in ["section", "svg", "table", "dl", "div", "main"] {
            let (opened, closed) =
                (html.matches(&format!("<{open}")).count(), html.matches(&format!("</{open}>")).count());
            assert_eq!(opened, closed, "{open}");
        }
        assert_eq!(html.matches("<svg").count(), 6);
        assert!(!html.contains("NaN") && !html.contains("inf "), "a coordinate without a place");
    }

    #[test]
    fn the_outage_and_each_state_of_the_breaker_are_drawn() {
        let html = page(&fixture::report());
        assert_eq!(html.matches(r#"class="outage""#).count(), 4);
        for state in [r#"class="open""#, r#"class="half-open""#, r#"class="closed""#] {
            assert!(html.contains(state), "{state}");
        }
    }

    #[test]
    fn text_from_outside_is_escaped() {
        let mut report = fixture::report();
        report.arguments = serde_json::json!({ "out": "<script>alert(1)</script>" });
        let html = page(&report);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    }

    #[test]
    fn a_run_of_nothing_makes_a_page_too() {
        let mut report = fixture::report();
        for side in [&mut report.before, &mut report.after] {
            side.timeline.clear();
            side.details.slower_than.clear();
            side.details.capacity_trials.clear();
            side.capacity_rps = None;
        }
        report.outage_s = None;
        let html = page(&report);
        assert!(!html.contains("NaN"), "{html}");
    }
}
