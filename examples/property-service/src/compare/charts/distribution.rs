use super::super::Report;
use super::plot::{Plot, Side};
use super::scale::{Scale, time};

/// Room that a value's text takes, in pixels.
const TEXT: f64 = 92.0;

/// For each response time, the share of calls that were slower; both axes logarithmic, so that the tail shows.
pub(in super::super) fn distribution(report: &Report) -> String {
    let sides = [("before", &report.before), ("after", &report.after)];
    let times = || sides.iter().flat_map(|(_, side)| side.details.slower_than.iter());
    let fastest = times().map(|(ms, _)| *ms).fold(f64::INFINITY, f64::min).clamp(0.01, 60_000.0);
    let slowest = times().map(|(ms, _)| *ms).fold(fastest, f64::max);
    let rarest = times().map(|(_, slower)| *slower).fold(0.1, f64::min).max(1e-6);
    let mut plot = Plot::new(
        (1080.0, 340.0),
        Scale::decades(fastest, slowest, time),
        Scale::decades(rarest, 1.0, |share| format!("{} %", share * 100.0)),
    );
    for (class, side) in sides {
        let points = side.details.slower_than.iter().map(|(ms, slower)| (ms.max(0.01), Some(*slower)));
        plot.line(class, points);
    }
    let quantiles = [("p50", 0.5), ("p95", 0.05), ("p99", 0.01)];
    let of = |side: &super::super::Side| [side.response_ms.p50, side.response_ms.p95, side.response_ms.p99];
    let (before, after) = (of(&report.before), of(&report.after));
    for (place, (name, slower)) in quantiles.into_iter().enumerate() {
        let near = (plot.x(before[place]) - plot.x(after[place])).abs() < TEXT;
        for (class, own, other) in
            [("before", before[place], after[place]), ("after", after[place], before[place])]
        {
            let faster = own < other || (own == other && class == "after");
            let no_room = plot.x(own) + TEXT > plot.right();
            let side = if (near && faster) || no_room { Side::Left } else { Side::Right };
            plot.point(class, (own, slower), &format!("{name} {}", time(own)), side);
        }
    }
    plot.finish("Share of calls slower than a response time, before and after")
}
