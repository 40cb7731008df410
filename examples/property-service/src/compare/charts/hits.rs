use super::super::Report;
use super::super::side::Point;
use super::plot::Plot;
use super::scale::Scale;

type Layer = (&'static str, fn(&Point) -> Option<f64>);

/// From the bottom up.
const LAYERS: [Layer; 4] = [
    ("l1", |point| point.l1_per_s),
    ("l2", |point| point.l2_per_s),
    ("l3", |point| point.l3_per_s),
    ("miss", |point| point.misses_per_s),
];

/// Cache reads a second of the side that has a cache, stacked by the layer that answered; `None` without one.
pub(in super::super) fn hits(report: &Report) -> Option<String> {
    let timeline = &report.after.timeline;
    timeline.iter().find(|point| point.misses_per_s.is_some())?;
    let sum = |point: &Point| LAYERS.iter().filter_map(|(_, read)| read(point)).sum::<f64>();
    let highest = timeline.iter().map(sum).fold(1.0, f64::max);
    let end = timeline.last().map_or(report.duration_s, |point| point.at_s);
    let mut plot = Plot::new((526.0, 240.0), Scale::seconds(end), Scale::linear(highest, 4.0));
    let mut below = vec![0.0; timeline.len()];
    for (class, read) in LAYERS {
        let stack: Vec<(f64, f64, f64)> = timeline
            .iter()
            .zip(&below)
            .map(|(point, from)| (point.at_s, *from, from + read(point).unwrap_or_default()))
            .collect();
        if stack.iter().any(|(_, from, to)| to > from) {
            plot.area(class, &stack);
        }
        below = stack.into_iter().map(|(_, _, to)| to).collect();
    }
    Some(plot.finish("Cache reads a second by the layer that answered"))
}
