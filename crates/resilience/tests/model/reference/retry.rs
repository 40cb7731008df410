use mainstay_resilience::{RetryConfig, StoppedBy, retry::Backoff};

/// One call under a retry, as the documentation describes it, without jitter. Time is in milliseconds.
pub(crate) struct Series {
    config: RetryConfig,
    time_left: Option<u64>,
    pub(crate) attempts: u32,
    /// Pauses decided upon.
    pub(crate) pauses: u64,
    /// Since when the call has taken time.
    began: Option<u64>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// In an attempt, since when it has been waited for.
    Attempt(Option<u64>),
    Pause {
        until: u64,
    },
}

/// What the operation does when it is polled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Does {
    Waits,
    Succeeds,
    Fails,
    FailsForGood,
}

/// What a poll comes to.
#[derive(Debug, PartialEq)]
pub(crate) enum Comes {
    Pending,
    Succeeded,
    FailedForGood,
    GaveUp { attempts: u32, stopped_by: StoppedBy, timed_out: bool },
}

impl Series {
    pub(crate) fn new(config: RetryConfig, time_left: Option<u64>) -> Self {
        Self { config, time_left, attempts: 1, pauses: 0, began: None, stage: Stage::Attempt(None) }
    }

    /// One poll, in which the operation does the same however often it is asked.
    pub(crate) fn poll(&mut self, does: Does, now: u64) -> Comes {
        loop {
            let waited_since = match self.stage {
                Stage::Pause { until } if now < until => return Comes::Pending,
                Stage::Pause { .. } => {
                    self.attempts += 1;
                    self.stage = Stage::Attempt(None);
                    None
                }
                Stage::Attempt(since) => since,
            };
            let timed_out = match does {
                Does::Succeeds => return Comes::Succeeded,
                Does::FailsForGood => return Comes::FailedForGood,
                Does::Fails => false,
                Does::Waits => {
                    self.began.get_or_insert(now);
                    let since = waited_since.unwrap_or(now);
                    self.stage = Stage::Attempt(Some(since));
                    let limit = self.config.attempt_timeout.map(|limit| limit.as_millis() as u64);
                    if limit.is_none_or(|limit| now - since < limit) {
                        return Comes::Pending;
                    }
                    true
                }
            };
            match self.pause(now) {
                Ok(pause) => {
                    self.began.get_or_insert(now);
                    self.pauses += 1;
                    self.stage = Stage::Pause { until: now + pause };
                }
                Err(stopped_by) => {
                    return Comes::GaveUp { attempts: self.attempts, stopped_by, timed_out };
                }
            }
        }
    }

    fn pause(&self, now: u64) -> Result<u64, StoppedBy> {
        if self.attempts >= self.config.max_attempts {
            return Err(StoppedBy::Attempts);
        }
        let n = u64::from(self.attempts);
        let factor = match self.config.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => n,
            Backoff::Fibonacci => (0..n).fold((0, 1), |(this, next), _| (next, this + next)).0,
            _ => (self.config.multiplier as u64).pow(self.attempts - 1),
        };
        let (initial, max) = (self.config.initial.as_millis() as u64, self.config.max.as_millis() as u64);
        let pause = (initial * factor).min(max);
        let awake = now - self.began.unwrap_or(now) + pause;
        if self.time_left.is_some_and(|left| awake >= left) {
            return Err(StoppedBy::Deadline);
        }
        let longest = self.config.max_elapsed.map(|longest| longest.as_millis() as u64);
        if longest.is_some_and(|longest| awake > longest) {
            return Err(StoppedBy::MaxElapsed);
        }
        Ok(pause)
    }
}
