use super::ServiceTime;
use crate::config_error::Problems;
use std::time::Duration;

/// Those who call: when, and how long each is willing to wait.
///
/// Default: 100 calls a second at random moments, whatever becomes of them; each caller leaves after 10 s.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Clients {
    /// Their name in the report. Default `clients`; each group needs its own.
    pub name: String,
    /// When they call. Default Poisson, 100 a second.
    pub pattern: Pattern,
    /// Changes of the rate, in order of time; only for arrivals at a rate. Default none.
    pub rate_steps: Vec<RateStep>,
    /// After this the caller drops the call: not a success, whatever comes later. Default 10 s; `None`: never.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub patience: Option<Duration>,
}

/// When calls come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Pattern {
    /// At equal distances, whatever became of the calls before.
    Constant {
        /// Calls a second.
        per_second: f64,
    },
    /// At random moments, independent of each other and of what became of the calls before.
    Poisson {
        /// Calls a second, in the mean.
        per_second: f64,
    },
    /// So many users, each of whom calls, waits for the answer, thinks and calls again. All begin with a thought.
    Closed {
        /// The users.
        users: usize,
        /// The thought between an answer and the next call.
        think: ServiceTime,
    },
}

/// Another rate from some time on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct RateStep {
    /// From the start of the simulation.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub at: Duration,
    /// Calls a second from then on; 0 is silence.
    pub per_second: f64,
}

impl Default for Clients {
    fn default() -> Self {
        Self::poisson(100.0)
    }
}

const A_MILLION: f64 = 1e6;

impl Clients {
    fn new(pattern: Pattern) -> Self {
        Self {
            name: "clients".into(),
            pattern,
            rate_steps: Vec::new(),
            patience: Some(Duration::from_secs(10)),
        }
    }

    /// So many calls a second at equal distances.
    pub fn constant(per_second: f64) -> Self {
        Self::new(Pattern::Constant { per_second })
    }

    /// So many calls a second at random moments.
    pub fn poisson(per_second: f64) -> Self {
        Self::new(Pattern::Poisson { per_second })
    }

    /// So many users who wait for each answer and then think.
    pub fn closed(users: usize, think: ServiceTime) -> Self {
        Self::new(Pattern::Closed { users, think })
    }

    /// Sets their name in the report. Default `clients`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how long a caller waits. Default 10 s; `None`: for ever.
    #[must_use]
    pub fn patience(mut self, patience: impl Into<Option<Duration>>) -> Self {
        self.patience = patience.into();
        self
    }

    /// From this time on they call at another rate.
    #[must_use]
    pub fn rate_from(mut self, time: Duration, per_second: f64) -> Self {
        self.rate_steps.push(RateStep { at: time, per_second });
        self
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        match self.pattern {
            Pattern::Constant { per_second } | Pattern::Poisson { per_second } => {
                check_rate("clients.pattern.per_second", per_second, problems);
            }
            Pattern::Closed { users, think } => {
                problems.require(users > 0, "clients.pattern.users", users, "at least 1");
                think.check("clients.pattern.think", problems);
                let think_at_all = !think.mean().is_zero();
                problems.require(think_at_all, "clients.pattern.think", think.mean(), "longer than 0s");
                problems.require(
                    self.rate_steps.is_empty(),
                    "clients.rate_steps",
                    self.rate_steps.len(),
                    "absent: users who wait for answers call at no rate",
                );
            }
        }
        for step in &self.rate_steps {
            check_rate("clients.rate_steps.per_second", step.per_second, problems);
        }
        for pair in self.rate_steps.windows(2) {
            problems.require(
                pair[0].at <= pair[1].at,
                "clients.rate_steps.at",
                pair[1].at,
                "no earlier than the step before it",
            );
        }
        let patience = self.patience;
        problems.require(
            patience != Some(Duration::ZERO),
            "clients.patience",
            patience,
            "longer than 0s, or absent",
        );
    }
}

fn check_rate(field: &'static str, per_second: f64, problems: &mut Problems) {
    problems.require((0.0..=A_MILLION).contains(&per_second), field, per_second, "0 to 1000000");
}
