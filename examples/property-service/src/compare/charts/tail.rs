use super::super::Report;
use super::plot::Plot;
use super::scale::{Scale, time};

/// The p95 of the calls that ended in each quarter of a second.
pub(in super::super) fn tail(report: &Report) -> String {
    let sides = [("before", &report.before), ("after", &report.after)];
    let points = || sides.iter().flat_map(|(_, side)| side.timeline.iter());
    let times = || points().filter_map(|point| point.p95_ms);
    let fastest = times().fold(f64::INFINITY, f64::min).clamp(0.01, 1000.0);
    let slowest = times().fold(fastest, f64::max);
    let end = points().map(|point| point.at_s).fold(report.duration_s, f64::max);
    let mut plot = Plot::new((1080.0, 240.0), Scale::seconds(end), Scale::decades(fastest, slowest, time));
    plot.outage(report.outage_s);
    for (class, side) in sides {
        plot.line(class, side.timeline.iter().map(|point| (point.at_s, point.p95_ms)));
    }
    plot.outage_name(report.outage_s, "valuer away");
    plot.finish("p95 response time over the run, before and after")
}
