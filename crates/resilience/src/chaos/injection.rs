use crate::config_error::Problems;
use std::time::Duration;

/// How often something is injected, and when. Default: never.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Injection {
    /// The share of calls that get it, in its windows. Default 0; 0 to 1.
    pub rate: f64,
    /// When it is injected, in time since chaos was enabled. Default: none, which means always.
    pub windows: Vec<Window>,
}

impl Injection {
    /// Into this share of the calls, 0 to 1, at all times.
    pub const fn rate(rate: f64) -> Self {
        Self { rate, windows: Vec::new() }
    }

    /// Into every call during `window`.
    pub fn during(window: Window) -> Self {
        Self { rate: 1.0, windows: vec![window] }
    }

    /// Only in `window`, and in those set before.
    #[must_use]
    pub fn window(mut self, window: Window) -> Self {
        self.windows.push(window);
        self
    }

    pub(super) fn is_possible(&self) -> bool {
        self.rate > 0.0
    }

    /// Whether `draw`, a number of all 64 bits drawn evenly, falls into the share, at this time since the start.
    pub(super) fn strikes(&self, draw: u64, since_start: Duration) -> bool {
        // Of 53 bits, so that 1 is above every draw.
        let draw = (draw >> 11) as f64 / (1_u64 << 53) as f64;
        draw < self.rate && (self.windows.is_empty() || self.windows.iter().any(|w| w.contains(since_start)))
    }

    pub(super) fn check(&self, field: &'static str, problems: &mut Problems) {
        problems.require((0.0..=1.0).contains(&self.rate), format!("{field}.rate"), self.rate, "0 to 1");
        for (at, window) in self.windows.iter().enumerate() {
            let field = |name| format!("{field}.windows[{at}].{name}");
            problems.require(!window.lasts.is_zero(), field("lasts"), window.lasts, "longer than 0s");
            let repeats_in_order = window.every.is_none_or(|every| every >= window.lasts);
            problems.require(repeats_in_order, field("every"), window.every, "at least `lasts`, or absent");
        }
    }
}

/// A span of time since chaos was enabled, once or again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Window {
    /// When it begins. Default 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub from: Duration,
    /// How long it lasts; longer than 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub lasts: Duration,
    /// From one beginning to the next. Default: it comes once; at least `lasts`.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub every: Option<Duration>,
}

impl Window {
    /// Once, from `from` on, for `lasts`.
    pub const fn new(from: Duration, lasts: Duration) -> Self {
        Self { from, lasts, every: None }
    }

    /// Again and again, from one beginning to the next.
    #[must_use]
    pub const fn every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    fn contains(&self, since_start: Duration) -> bool {
        let Some(into) = since_start.checked_sub(self.from) else { return false };
        let into = match self.every {
            Some(every) => into.as_nanos() % every.as_nanos().max(1),
            None => into.as_nanos(),
        };
        into < self.lasts.as_nanos()
    }
}
