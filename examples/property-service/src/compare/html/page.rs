use super::super::figures::{grouped, round};
use super::super::{Report, charts};
use super::cards::cards;
use super::facts::facts;
use super::sections::{endpoints, original, traffic, work};
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

pub(super) fn section(title: &str, note: &str, legend: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2><p class=\"soft\">{note}</p>{legend}{body}</section>\n")
}

/// Colour (a name of the style sheet's), text, and whether it stands for an area.
pub(super) fn legend(entries: &[(&str, &str, bool)]) -> String {
    let mut html = String::from(r#"<div class="legend">"#);
    for (colour, text, area) in entries {
        let class = if *area { r#" class="box""# } else { "" };
        _ = write!(html, r#"<span><i{class} style="background:var(--{colour})"></i>{text}</span>"#);
    }
    html + "</div>"
}

pub(super) fn sides_legend() -> String {
    legend(&[("before", "before", false), ("after", "after", false)])
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::*;

    #[test]
    fn the_page_is_whole_and_fetches_nothing() {
        let html = page(&fixture::report());
        // To look at it: PROPERTY_REPORT_PAGE=page.html cargo test -p property-service fetches_nothing
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
