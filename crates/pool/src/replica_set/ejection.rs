use std::time::Duration;

use tokio::time::Instant;

use crate::config::ReplicaSetConfig;

/// Whose failure, or success: a node that answers probes while it fails calls must not pass for sound, nor the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Probe,
    Call,
}

/// Whether a node may get a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Yes,
    /// One, and no other before it has ended.
    Trial,
    No {
        left: Duration,
    },
}

/// Keeps reads from a node that fails, for a time that grows, and lets it back in by a trial.
///
/// The idea is Envoy's outlier detection, with a breaker's half-open trial at the end: there, time alone lets a node back.
#[derive(Debug, Default)]
pub(super) struct Ejection {
    probe_failures: u32,
    call_failures: u32,
    /// Ejections of which each followed soon on the one before.
    times: u32,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Never,
    Out {
        until: Instant,
    },
    Trial {
        until: Instant,
    },
    Back {
        since: Instant,
    },
}

impl Ejection {
    /// Counts a failure; says for how long the node is ejected if it is by this one.
    pub(super) fn failed(
        &mut self,
        source: Source,
        now: Instant,
        config: &ReplicaSetConfig,
    ) -> Option<Duration> {
        let count = self.count(source);
        *count = count.saturating_add(1);
        let over = *count >= config.eject_after;
        match self.state {
            State::Never | State::Back { .. } if over => Some(self.eject(now, config)),
            State::Trial { .. } => Some(self.eject(now, config)),
            _ => None,
        }
    }

    /// Counts a success.
    pub(super) fn succeeded(&mut self, source: Source, now: Instant) {
        *self.count(source) = 0;
        if source == Source::Call && matches!(self.state, State::Trial { .. }) {
            self.state = State::Back { since: now };
        }
    }

    /// Whether a read may go to the node now. A trial is given only to a node that answers probes again.
    pub(super) fn admission(&self, now: Instant) -> Admission {
        match self.state {
            State::Never | State::Back { .. } => Admission::Yes,
            State::Out { until } if until <= now && self.probe_failures == 0 => Admission::Trial,
            State::Out { until } | State::Trial { until } => {
                Admission::No { left: until.saturating_duration_since(now) }
            }
        }
    }

    /// Gives the trial away.
    pub(super) fn begin_trial(&mut self) {
        if let State::Out { until } = self.state {
            self.state = State::Trial { until };
        }
    }

    /// Takes the trial back from whoever gave it up.
    pub(super) fn abandon_trial(&mut self) {
        if let State::Trial { until } = self.state {
            self.state = State::Out { until };
        }
    }

    pub(super) fn times(&self) -> u32 {
        self.times
    }

    /// Whether the last probe failed: no reason to eject yet, but one to prefer another.
    pub(super) fn is_suspect(&self) -> bool {
        self.probe_failures > 0
    }

    fn eject(&mut self, now: Instant, config: &ReplicaSetConfig) -> Duration {
        if let State::Back { since } = self.state
            && now.saturating_duration_since(since) >= config.max_ejection
        {
            self.times = 0;
        }
        let span = config.ejection.saturating_mul(1 << self.times.min(20)).min(config.max_ejection);
        self.times = self.times.saturating_add(1);
        self.call_failures = 0;
        self.state = State::Out { until: now + span };
        span
    }

    fn count(&mut self, source: Source) -> &mut u32 {
        match source {
            Source::Probe => &mut self.probe_failures,
            Source::Call => &mut self.call_failures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(ejection: &mut Ejection, now: Instant, times: u32) -> Option<Duration> {
        let config = ReplicaSetConfig::default();
        (0..times).fold(None, |_, _| ejection.failed(Source::Call, now, &config))
    }

    #[test]
    fn only_failures_in_a_row_eject() {
        let (mut ejection, now) = (Ejection::default(), Instant::now());
        for _ in 0..5 {
            assert_eq!(fail(&mut ejection, now, 2), None);
            ejection.succeeded(Source::Call, now);
        }
        assert_eq!(fail(&mut ejection, now, 3), Some(SECOND));
        assert_eq!(ejection.admission(now), Admission::No { left: SECOND });
    }

    #[test]
    fn a_probe_that_succeeds_does_not_excuse_calls_that_fail() {
        let (mut ejection, now) = (Ejection::default(), Instant::now());
        assert_eq!(fail(&mut ejection, now, 2), None);
        ejection.succeeded(Source::Probe, now);
        assert_eq!(fail(&mut ejection, now, 1), Some(SECOND));
    }

    #[test]
    fn ejections_double_to_the_longest_and_begin_anew_after_good_conduct() {
        let (mut ejection, mut now) = (Ejection::default(), Instant::now());
        let config = ReplicaSetConfig::default();
        let mut spans = vec![fail(&mut ejection, now, 3).unwrap().as_secs()];
        for _ in 0..40 {
            now += config.max_ejection;
            assert_eq!(ejection.admission(now), Admission::Trial);
            ejection.begin_trial();
            spans.push(fail(&mut ejection, now, 1).expect("a trial ends with the first failure").as_secs());
        }
        assert_eq!(spans[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(spans.last(), Some(&60));

        now += config.max_ejection;
        ejection.begin_trial();
        ejection.succeeded(Source::Call, now);
        assert_eq!(ejection.admission(now), Admission::Yes);
        assert_eq!(fail(&mut ejection, now + config.max_ejection, 3), Some(SECOND));
    }

    #[test]
    fn there_is_one_trial_at_a_time_and_one_given_up_is_given_again() {
        let (mut ejection, now) = (Ejection::default(), Instant::now());
        fail(&mut ejection, now, 3);
        let later = now + SECOND;
        ejection.begin_trial();
        assert!(matches!(ejection.admission(later), Admission::No { .. }));
        ejection.abandon_trial();
        assert_eq!(ejection.admission(later), Admission::Trial);
    }

    #[test]
    fn a_node_that_answers_no_probe_gets_no_trial() {
        let (mut ejection, now) = (Ejection::default(), Instant::now());
        let config = ReplicaSetConfig::default();
        for _ in 0..3 {
            ejection.failed(Source::Probe, now, &config);
        }
        let later = now + SECOND * 5;
        assert_eq!(ejection.admission(later), Admission::No { left: Duration::ZERO });
        ejection.succeeded(Source::Probe, later);
        assert_eq!(ejection.admission(later), Admission::Trial);
    }
}
