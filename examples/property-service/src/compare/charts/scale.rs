use super::super::figures::significant;

/// Where values stand on an axis, and which of them are named there.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    logarithmic: bool,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// From 0 to a little above `highest`, in steps of 1, 2 or 5 times a power of ten.
    pub(super) fn linear(highest: f64, steps: f64) -> Self {
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let rough = highest / steps;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(power * 10.0);
        let count = (highest / step * 0.999).ceil() as u32;
        let ticks = (0..=count).map(|tick| f64::from(tick) * step).map(|at| (at, significant_tick(at, step)));
        Self { from: 0.0, to: f64::from(count) * step, logarithmic: false, ticks: ticks.collect() }
    }

    /// Seconds of the run, ending where the run does.
    pub(super) fn seconds(span: f64) -> Self {
        let mut scale = Self::linear(span, 10.0);
        scale.to = span.max(1.0);
        scale.ticks.retain(|(at, _)| *at <= scale.to * 1.001);
        for (_, name) in &mut scale.ticks {
            name.push_str(" s");
        }
        scale
    }

    /// Whole powers of ten around `lowest` and `highest`, finite and above 0.
    pub(super) fn decades(lowest: f64, highest: f64, name: fn(f64) -> String) -> Self {
        let first = lowest.log10().floor() as i32;
        let last = (highest.log10().ceil() as i32).max(first + 1);
        let ticks = (first..=last).map(|power| 10_f64.powi(power)).map(|at| (at, name(at)));
        Self { from: 10_f64.powi(first), to: 10_f64.powi(last), logarithmic: true, ticks: ticks.collect() }
    }

    /// 0 at the start, 1 at the end; what lies outside stands at the nearer end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (value, from, to) = if self.logarithmic {
            (value.max(self.from).log10(), self.from.log10(), self.to.log10())
        } else {
            (value, self.from, self.to)
        };
        ((value - from) / (to - from)).clamp(0.0, 1.0)
    }
}

fn significant_tick(at: f64, step: f64) -> String {
    if step < 1.0 && at > 0.0 { format!("{at:.1}") } else { significant_whole(at) }
}

fn significant_whole(at: f64) -> String {
    if at < 100.0 { format!("{at:.0}") } else { significant(at) }
}

/// Milliseconds, in the unit that needs the fewest digits.
pub(super) fn time(milliseconds: f64) -> String {
    let (value, unit) = match milliseconds {
        ms if ms < 0.9995 => (ms * 1000.0, "µs"),
        ms if ms < 999.5 => (ms, "ms"),
        ms => (ms / 1000.0, "s"),
    };
    let decimals = usize::from(value < 9.95 && (value - value.round()).abs() > 0.05);
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_reach_above_the_highest_value() {
        for (highest, last) in [(130.0, 150.0), (7.0, 8.0), (1.0, 1.0), (0.0, 1.0), (2000.0, 2000.0)] {
            let scale = Scale::linear(highest, 4.0);
            assert!(scale.to >= highest, "{highest}: {scale:?}");
            assert!((scale.to - last).abs() < 1e-9, "{highest}: {scale:?}");
        }
    }

    #[test]
    fn a_decade_is_as_wide_as_any_other() {
        let scale = Scale::decades(0.3, 4000.0, time);
        assert_eq!(scale.ticks.len(), 6);
        let width = scale.place(10.0) - scale.place(1.0);
        assert!((scale.place(1000.0) - scale.place(100.0) - width).abs() < 1e-9);
        assert_eq!((scale.place(0.0), scale.place(1e9)), (0.0, 1.0));
    }

    #[test]
    fn times_are_named_shortly() {
        let names = [0.1, 1.0, 1.44, 10.0, 612.3, 1000.0, 2500.0].map(time);
        assert_eq!(names, ["100 µs", "1 ms", "1.4 ms", "10 ms", "612 ms", "1 s", "2.5 s"]);
    }
}
