use super::super::Report;
use super::plot::Plot;
use super::scale::Scale;

/// Statements a second sent to the property database, both sides.
pub(in super::super) fn queries(report: &Report) -> String {
    let sides = [("before", &report.before), ("after", &report.after)];
    let points = || sides.iter().flat_map(|(_, side)| side.timeline.iter());
    let highest = points().map(|point| point.db_queries_per_s).fold(1.0, f64::max);
    let end = points().map(|point| point.at_s).fold(report.duration_s, f64::max);
    let mut plot = Plot::new((526.0, 240.0), Scale::seconds(end), Scale::linear(highest, 4.0));
    plot.outage(report.outage_s);
    for (class, side) in sides {
        plot.line(class, side.timeline.iter().map(|point| (point.at_s, Some(point.db_queries_per_s))));
    }
    plot.finish("Database queries a second, before and after")
}
