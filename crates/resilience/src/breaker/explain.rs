use super::{Cause, State, Tally, Window, core::Core};
use crate::FailureKind;
use std::{fmt, sync::Arc, time::Duration};

/// Why a breaker is in the state it is in, and what would change it; shown, it is a sentence or two.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The breaker's name.
    pub breaker: Arc<str>,
    /// The state it is in.
    pub state: State,
    /// What brought it there.
    pub cause: Cause,
    /// How long ago.
    pub since: Duration,
    /// What last opened it, if anything has.
    pub opened_by: Option<Cause>,
    /// Time to the next probe, of an open one.
    pub next_probe: Option<Duration>,
    /// Probes out and probes that succeeded, of a half-open one.
    pub probes: Option<(u16, u16)>,
    /// Times it has opened in a row before this one without closing in between.
    pub opened_before: u32,
    /// Failures in a row, of a closed one without a window.
    pub failures_in_a_row: Option<u32>,
    /// What is in the window, where there is one.
    pub window: Option<Tally>,
    /// What the last failure was, and how long ago.
    pub last_failure: Option<(FailureKind, Duration)>,
    /// It judges and counts, and lets every call through.
    pub shadow: bool,
    judged_by: JudgedBy,
}

/// What would open it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct JudgedBy {
    window: Window,
    failures: u32,
    failure_rate: f64,
    slow_call_rate: Option<f64>,
    minimum_calls: u32,
}

impl Explanation {
    pub(super) fn of(core: &Core) -> Self {
        let (settings, word, now) = (core.settings.read(), core.gate.load(), core.tick());
        let (state, epoch) = (word.state(), word.epoch());
        let ago = |tick: u64| Duration::from_millis(now.saturating_sub(tick));
        let history = core.history.lock();
        Self {
            breaker: core.id.name.clone(),
            state,
            cause: history.cause,
            since: ago(history.since),
            opened_by: history.opened_by,
            next_probe: (state == State::Open)
                .then(|| Duration::from_millis(word.open_until().saturating_sub(now))),
            probes: (state == State::HalfOpen).then(|| (word.probes_out(), word.probe_successes())),
            opened_before: word.streak(),
            failures_in_a_row: (settings.window.is_none() && state == State::Closed).then(|| word.failures()),
            window: settings.window.as_ref().map(|window| window.tally(epoch, || now)),
            last_failure: history.last_failure.map(|(kind, tick)| (kind, ago(tick))),
            shadow: settings.config.shadow,
            judged_by: JudgedBy {
                window: settings.config.window,
                failures: settings.config.failure_threshold,
                failure_rate: settings.config.failure_rate,
                slow_call_rate: settings.config.slow_call_rate,
                minimum_calls: settings.config.minimum_calls,
            },
        }
    }
}

impl fmt::Display for JudgedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window {
            Window::Consecutive => return write!(f, "{} failures in a row open it", self.failures),
            Window::Count(size) => write!(f, "of the last {size} calls")?,
            Window::Time(span) => write!(f, "of the calls of the last {span:?}")?,
        }
        write!(f, ", {:.0} % failures", self.failure_rate * 100.0)?;
        if let Some(rate) = self.slow_call_rate {
            write!(f, " or {:.0} % slow calls", rate * 100.0)?;
        }
        write!(f, " open it, from {} calls on", self.minimum_calls)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "circuit `{}` has been {} for {:?}: {}.",
            self.breaker, self.state, self.since, self.cause
        )?;
        match self.state {
            State::Closed => {
                write!(f, " Now: ")?;
                match (self.window, self.failures_in_a_row) {
                    (Some(window), _) => {
                        write!(
                            f,
                            "{} calls, {} failed, {} slow",
                            window.calls, window.failures, window.slow
                        )?;
                    }
                    (None, failures) => write!(f, "{} failures in a row", failures.unwrap_or_default())?,
                }
                write!(f, "; {}.", self.judged_by)?;
            }
            State::Open => match self.next_probe {
                Some(Duration::ZERO) => f.write_str(" The next call is a probe.")?,
                Some(next) => write!(f, " The next probe may go in {next:?}.")?,
                None => {}
            },
            State::HalfOpen => {
                let (out, succeeded) = self.probes.unwrap_or_default();
                write!(f, " {out} probes are out, {succeeded} have succeeded.")?;
            }
            _ => {}
        }
        if let (Some(cause), false) = (self.opened_by, self.state == State::Open) {
            write!(f, " It last opened because {cause}.")?;
        }
        if self.opened_before > 0 {
            write!(f, " It has opened {} times before without closing.", self.opened_before)?;
        }
        if let Some((kind, ago)) = self.last_failure {
            write!(f, " The last failure was {kind}, {ago:?} ago.")?;
        }
        if self.shadow {
            f.write_str(" It is in shadow mode: every call passes.")?;
        }
        Ok(())
    }
}
