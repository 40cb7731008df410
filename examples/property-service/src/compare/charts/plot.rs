use super::scale::Scale;
use crate::domain::BreakerState;
use std::fmt::Write;

const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;
/// The breaker's band, at the top of the plot.
const BAND: f64 = 9.0;

/// A chart being drawn: two scales, and what has been put between them.
pub(super) struct Plot {
    width: f64,
    height: f64,
    x: Scale,
    y: Scale,
    marks: String,
}

/// On which side of its point a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Plot {
    pub(super) fn new((width, height): (f64, f64), x: Scale, y: Scale) -> Self {
        Self { width, height, x, y, marks: String::new() }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (self.width - LEFT - RIGHT)
    }

    pub(super) fn right(&self) -> f64 {
        self.width - RIGHT
    }

    fn y(&self, value: f64) -> f64 {
        self.floor() - self.y.place(value) * (self.floor() - TOP)
    }

    fn floor(&self) -> f64 {
        self.height - BOTTOM
    }

    fn put(&mut self, mark: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        _ = self.marks.write_fmt(mark);
    }

    /// A line that breaks where there is no value.
    pub(super) fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, Option<f64>)>) {
        let mut path = String::new();
        let mut pen = 'M';
        for (x, y) in points {
            match y {
                Some(y) => {
                    _ = write!(path, "{pen}{:.1} {:.1}", self.x(x), self.y(y));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        self.put(format_args!(r#"<path class="line {class}" d="{path}"/>"#));
    }

    /// What lies between two heights at each point.
    pub(super) fn area(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let mut path = String::new();
        for (place, (x, _, upper)) in points.iter().enumerate() {
            let pen = if place == 0 { 'M' } else { 'L' };
            _ = write!(path, "{pen}{:.1} {:.1}", self.x(*x), self.y(*upper));
        }
        for (x, lower, _) in points.iter().rev() {
            _ = write!(path, "L{:.1} {:.1}", self.x(*x), self.y(*lower));
        }
        self.put(format_args!(r#"<path class="area {class}" d="{path}Z"/>"#));
    }

    /// Shades the stretch in which the valuer was away.
    pub(super) fn outage(&mut self, outage: Option<(f64, f64)>) {
        let Some((from, until)) = outage else { return };
        let (x, width) = (self.x(from), self.x(until) - self.x(from));
        let height = self.floor() - TOP;
        self.put(format_args!(
            r#"<rect class="outage" x="{x:.1}" y="{TOP}" width="{width:.1}" height="{height:.1}"/>"#
        ));
    }

    /// Names the shaded stretch, above everything drawn in it.
    pub(super) fn outage_name(&mut self, outage: Option<(f64, f64)>, name: &str) {
        let Some((from, until)) = outage else { return };
        let (x, y) = (f64::midpoint(self.x(from), self.x(until)), TOP + BAND + 15.0);
        self.put(format_args!(r#"<text class="note mid" x="{x:.1}" y="{y:.1}">{name}</text>"#));
    }

    /// The breaker's state over time, each as it was found at the end of its slice.
    pub(super) fn breaker(&mut self, states: &[(f64, Option<BreakerState>)]) {
        let mut from = 0.0;
        let mut rest = states;
        while let Some((_, state)) = rest.first() {
            let same = rest.iter().take_while(|(_, each)| each == state).count();
            let until = rest[same - 1].0;
            if let Some(state) = state {
                let class = match state {
                    BreakerState::Closed => "closed",
                    BreakerState::HalfOpen => "half-open",
                    BreakerState::Open => "open",
                };
                let (x, width) = (self.x(from), self.x(until) - self.x(from));
                self.put(format_args!(
                    r#"<rect class="{class}" x="{x:.1}" y="{TOP}" width="{width:.1}" height="{BAND}"><title>breaker {class}, {from:.2} to {until:.2} s</title></rect>"#
                ));
            }
            from = until;
            rest = &rest[same..];
        }
    }

    /// A dot with a text beside it.
    pub(super) fn point(&mut self, class: &str, (x, y): (f64, f64), text: &str, side: Side) {
        let (x, y) = (self.x(x), self.y(y));
        self.put(format_args!(r#"<circle class="dot {class}" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#));
        let (x, anchor) = match side {
            Side::Left => (x - 9.0, "end"),
            Side::Right => (x + 9.0, ""),
        };
        self.put(format_args!(r#"<text class="value {anchor}" x="{x:.1}" y="{:.1}">{text}</text>"#, y + 4.0));
    }

    /// The finished drawing, with axes; `name` is what a screen reader says.
    pub(super) fn finish(self, name: &str) -> String {
        let mut grid = String::new();
        let (right, floor) = (self.right(), self.floor());
        for (at, text) in &self.y.ticks {
            let y = self.y(*at);
            _ = write!(
                grid,
                r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/><text class="end" x="{:.1}" y="{:.1}">{text}</text>"#,
                LEFT - 7.0,
                y + 4.0
            );
        }
        for (at, text) in &self.x.ticks {
            let x = self.x(*at);
            let anchor = if x > right - 12.0 { "end" } else { "mid" };
            let text_x = if x > right - 12.0 { self.width - 2.0 } else { x };
            _ = write!(
                grid,
                r#"<line class="grid" x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{floor}"/><text class="{anchor}" x="{text_x:.1}" y="{:.1}">{text}</text>"#,
                floor + 18.0
            );
        }
        format!(
            r#"<svg{} viewBox="0 0 {} {}" role="img" aria-label="{name}">{grid}{}<line class="axis" x1="{LEFT}" y1="{floor}" x2="{right}" y2="{floor}"/></svg>"#,
            // A phone scrolls a wide chart rather than shrink its text.
            if self.width > 600.0 { r#" class="wide""# } else { "" },
            self.width,
            self.height,
            self.marks
        )
    }
}
