use super::super::Report;
use super::plot::Plot;
use super::scale::Scale;

/// Right answers and errors a second, a panel a side, with the breaker's state and the outage.
pub(in super::super) fn traffic(report: &Report) -> [String; 2] {
    let sides = [&report.before, &report.after];
    let points = || sides.iter().flat_map(|side| side.timeline.iter());
    let highest = points().map(|point| point.answers_per_s.max(point.errors_per_s)).fold(1.0, f64::max);
    let end = points().map(|point| point.at_s).fold(report.duration_s, f64::max);
    sides.map(|side| {
        // The band needs room above the highest point.
        let mut plot = Plot::new((1080.0, 200.0), Scale::seconds(end), Scale::linear(highest * 1.12, 4.0));
        plot.outage(report.outage_s);
        let errors: Vec<(f64, f64, f64)> =
            side.timeline.iter().map(|point| (point.at_s, 0.0, point.errors_per_s)).collect();
        plot.area("errors", &errors);
        plot.line("answers", side.timeline.iter().map(|point| (point.at_s, Some(point.answers_per_s))));
        plot.line("errors", side.timeline.iter().map(|point| (point.at_s, Some(point.errors_per_s))));
        let states: Vec<_> = side.timeline.iter().map(|point| (point.at_s, point.breaker)).collect();
        plot.breaker(&states);
        plot.outage_name(report.outage_s, "valuer away");
        plot.finish("Answers and errors a second over the run")
    })
}
