//! Figures: how they are rounded, compared and put in words.

/// `value` to so many decimals.
pub(super) fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

pub(super) fn milliseconds(microseconds: u64) -> f64 {
    round(microseconds as f64 / 1000.0, 3)
}

/// `count ÷ of`; `None` of nothing.
pub(super) fn part(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| round(count as f64 / of as f64, 6))
}

/// `above ÷ below`; `None` over zero.
pub(super) fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| round(above / below, 3))
}

/// `1 − after ÷ before`; `None` if there was nothing before.
pub(super) fn reduction(before: f64, after: f64) -> Option<f64> {
    (before > 0.0).then(|| round(1.0 - after / before, 4))
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    /// 0 to 1.
    Share,
    PerSecond,
    Count,
    /// Of the seven endpoints.
    Endpoints,
}

impl Unit {
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{} ms", significant(value)),
            Self::Share => percent(value),
            Self::PerSecond => format!("{}/s", significant(value)),
            Self::Count => grouped(value),
            Self::Endpoints => format!("{value:.0} of {}", crate::domain::Endpoint::ALL.len()),
        }
    }
}

/// What became of `before`, in a word or two that says what happened and not whether it is good.
pub(super) fn change(unit: Unit, before: f64, after: f64) -> String {
    let is_share_of_most = unit == Unit::Share && before.max(after) > 0.2;
    if is_share_of_most || unit == Unit::Endpoints {
        let (difference, name) =
            if unit == Unit::Share { ((after - before) * 100.0, " points") } else { (after - before, "") };
        let shown =
            if unit == Unit::Share { format!("{difference:+.1}") } else { format!("{difference:+.0}") };
        return if shown.trim_start_matches(['+', '-']).parse() == Ok(0.0) {
            "same".to_owned()
        } else {
            format!("{shown}{name}")
        };
    }
    if before == after {
        "same".to_owned()
    } else if before == 0.0 {
        "from none".to_owned()
    } else if after == 0.0 {
        "to none".to_owned()
    } else if before > after {
        format!("{}× lower", significant(before / after))
    } else {
        format!("{}× higher", significant(after / before))
    }
}

/// 0.42, 3.4, 134, 2,000: as many digits as one can use.
pub(super) fn significant(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// Whole, with a comma at the thousands.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// A share in per cent, with the digits that tell 99.9 from 99.99.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    let near_an_end = (value > 99.0 && value < 100.0) || (value > 0.0 && value < 1.0);
    let decimals = if near_an_end { 2 } else { 1 };
    // 99.996 is not all of them, nor is 0.004 none.
    let value = match value {
        value if value < 100.0 && value > 99.99 => 99.99,
        value if value > 0.0 && value < 0.01 => 0.01,
        value => value,
    };
    format!("{value:.decimals$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_with_the_digits_one_can_use() {
        for (value, shown) in
            [(0.0, "0"), (0.42, "0.42"), (3.44, "3.4"), (134.2, "134"), (12_345.6, "12,346")]
        {
            assert_eq!(significant(value), shown);
        }
        assert_eq!(grouped(1_234_567.0), "1,234,567");
    }

    #[test]
    fn per_cents_do_not_round_to_all_or_none() {
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.999_99), "99.99 %");
        assert_eq!(percent(0.95), "95.0 %");
        assert_eq!(percent(0.004_2), "0.42 %");
        assert_eq!(percent(0.000_001), "0.01 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn a_change_says_which_way_it_went() {
        assert_eq!(change(Unit::Milliseconds, 500.0, 20.0), "25.0× lower");
        assert_eq!(change(Unit::Milliseconds, 20.0, 30.0), "1.5× higher");
        assert_eq!(change(Unit::Count, 45.0, 0.0), "to none");
        assert_eq!(change(Unit::Count, 0.0, 2.0), "from none");
        assert_eq!(change(Unit::Share, 0.95, 0.999), "+4.9 points");
        assert_eq!(change(Unit::Share, 0.05, 0.005), "10.0× lower");
        assert_eq!(change(Unit::Share, 1.0, 1.0), "same");
        assert_eq!(change(Unit::Endpoints, 4.0, 7.0), "+3");
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!((part(0, 0), ratio(1.0, 0.0), reduction(0.0, 3.0)), (None, None, None));
        assert_eq!(reduction(10_000.0, 1500.0), Some(0.85));
    }
}
