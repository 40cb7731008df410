use super::super::Report;
use super::super::figures::{Unit, grouped, percent, significant};
use std::fmt::Write;

/// The six figures one wants first.
pub(super) fn cards(report: &Report) -> String {
    let (before, after, ratios) = (&report.before, &report.after, &report.ratios);
    let times = |ratio: Option<f64>, less: &str, more: &str| match ratio {
        Some(ratio) if ratio >= 1.0 => format!("{}× {more}", significant(ratio)),
        Some(ratio) if ratio > 0.0 => format!("{}× {less}", significant(1.0 / ratio)),
        _ => "–".to_owned(),
    };
    let less = |reduction: Option<f64>| match reduction {
        Some(share) if share >= 0.0 => format!("{} fewer", percent(share)),
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
