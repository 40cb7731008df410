use mainstay_resilience::{
    BreakerConfig, Verdict,
    breaker::{State, Window},
};

/// A breaker as the documentation describes it. Time is in milliseconds.
pub(crate) struct Breaker {
    pub(crate) config: BreakerConfig,
    pub(crate) state: State,
    pub(crate) epoch: u64,
    pub(crate) trips: u64,
    pub(crate) rejected: u64,
    pub(crate) would_reject: u64,
    pub(crate) stale: u64,
    failures: u32,
    pub(crate) until: u64,
    pub(crate) streak: u32,
    pub(crate) probes: (u16, u16),
    lease_until: u64,
    ramp_began: u64,
    ramped: u64,
    /// The calls of this epoch that the window holds: when, failed, slow.
    window: Vec<(u64, bool, bool)>,
}

/// What a call holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    /// `None` where the result counts for nothing.
    epoch: Option<u64>,
    pub(crate) waiting_since: Option<u64>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Rejected { retry_after: Option<u64> },
}

fn ms(duration: std::time::Duration) -> u64 {
    duration.as_millis() as u64
}

impl Breaker {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: State::Closed,
            epoch: 0,
            trips: 0,
            rejected: 0,
            would_reject: 0,
            stale: 0,
            failures: 0,
            until: 0,
            streak: 0,
            probes: (0, 0),
            lease_until: 0,
            ramp_began: 0,
            ramped: 0,
            window: Vec::new(),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
        self.window.clear();
        self.failures = 0;
        if !matches!(state, State::Open | State::HalfOpen | State::Ramping) {
            self.streak = 0;
        }
    }

    fn open(&mut self, now: u64) {
        let streak = if self.state == State::Closed { 0 } else { (self.streak + 1).min(127) };
        self.enter(State::Open);
        self.streak = streak;
        self.trips += 1;
        let config = &self.config;
        let grown = ms(config.open_for) as f64 * config.open_backoff.powi(streak as i32);
        let longest = ms(config.open_for_max.max(config.open_for)) as f64;
        self.until = now + (grown.min(longest) as u64).max(1);
    }

    pub(crate) fn admit(&mut self, now: u64) -> Result<Permit, Answer> {
        let counted = |epoch| Ok(Permit { epoch: Some(epoch), waiting_since: None });
        let retry_after = match self.state {
            State::Disabled => return Ok(Permit { epoch: None, waiting_since: None }),
            State::ForcedOpen => None,
            State::Open if now < self.until => Some(self.until - now),
            State::Open => return counted(self.probe_anew(now)),
            State::HalfOpen if self.probes.0 < self.config.max_probes => {
                self.probes.0 += 1;
                self.lease_until = now + ms(self.config.probe_lease);
                return counted(self.epoch);
            }
            State::HalfOpen if now >= self.lease_until => return counted(self.probe_anew(now)),
            State::HalfOpen => None,
            State::Ramping => {
                let (since, step) = (now - self.ramp_began, ms(self.config.ramp_step));
                let Some(share) = self.config.ramp.get((since / step) as usize) else {
                    self.enter(State::Closed);
                    return counted(self.epoch);
                };
                let before = self.ramped as f64;
                self.ramped += 1;
                if ((before + 1.0) * share).floor() > (before * share).floor() {
                    return counted(self.epoch);
                }
                Some(step - since % step)
            }
            _ => return counted(self.epoch),
        };
        if self.config.shadow {
            self.would_reject += 1;
            return Ok(Permit { epoch: None, waiting_since: None });
        }
        self.rejected += 1;
        Err(Answer::Rejected { retry_after })
    }

    fn probe_anew(&mut self, now: u64) -> u64 {
        self.enter(State::HalfOpen);
        self.probes = (1, 0);
        self.lease_until = now + ms(self.config.probe_lease);
        self.epoch
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.config.window != Window::Consecutive && self.config.slow_call_rate.is_some()
    }

    pub(crate) fn record(&mut self, permit: Permit, verdict: Verdict, now: u64) {
        let Some(epoch) = permit.epoch else { return };
        let took = permit.waiting_since.map(|since| now - since);
        let slow = took.is_some_and(|took| took > ms(self.config.slow_call_after));
        if epoch != self.epoch {
            self.stale += 1;
            return;
        }
        match self.state {
            State::HalfOpen => self.record_probe(verdict, slow, now),
            State::Closed | State::Ramping => self.record_call(verdict, slow, now),
            _ => {}
        }
    }

    fn record_probe(&mut self, verdict: Verdict, slow: bool, now: u64) {
        let slow = slow && self.config.slow_call_rate.is_some();
        match verdict {
            Verdict::Success if !slow => {
                self.probes = (self.probes.0 - 1, self.probes.1 + 1);
                if self.probes.1 >= self.config.success_threshold {
                    if self.config.ramp.is_empty() {
                        self.enter(State::Closed);
                    } else {
                        self.enter(State::Ramping);
                        self.ramp_began = now;
                    }
                }
            }
            Verdict::Success | Verdict::Failure => self.open(now),
            Verdict::Ignore | Verdict::Abandoned => self.probes.0 -= 1,
        }
    }

    fn record_call(&mut self, verdict: Verdict, slow: bool, now: u64) {
        let failed = verdict == Verdict::Failure;
        let judged = failed || verdict == Verdict::Success;
        if self.config.window == Window::Consecutive {
            if judged {
                self.failures = if failed { self.failures + 1 } else { 0 };
                if self.failures >= self.config.failure_threshold {
                    self.open(now);
                }
            }
            return;
        }
        if !judged && !slow {
            return;
        }
        self.window.push((now, failed, slow));
        let (calls, failures, slow) = self.tally(now);
        let rate = |part: u32| f64::from(part) / f64::from(calls);
        let too_slow = self.config.slow_call_rate.is_some_and(|limit| rate(slow) >= limit);
        if calls >= self.config.minimum_calls && (rate(failures) >= self.config.failure_rate || too_slow) {
            self.open(now);
        }
    }

    /// Calls, failures and slow calls in view.
    pub(crate) fn tally(&self, now: u64) -> (u32, u32, u32) {
        let from = match self.config.window {
            Window::Count(size) => self.window.len().saturating_sub(size as usize),
            Window::Time(span) => {
                let tenth = (ms(span) / 10).max(1);
                let first = (now / tenth).saturating_sub(9);
                self.window.iter().take_while(|(at, ..)| at / tenth < first).count()
            }
            _ => self.window.len(),
        };
        let seen = &self.window[from..];
        let count = |of: fn(&(u64, bool, bool)) -> bool| seen.iter().filter(|call| of(call)).count() as u32;
        (seen.len() as u32, count(|call| call.1), count(|call| call.2))
    }

    pub(crate) fn force(&mut self, state: State) {
        if self.state != state || state == State::Closed {
            self.enter(state);
        }
    }

    pub(crate) fn reconfigure(&mut self, config: BreakerConfig) {
        match (self.config.window, config.window) {
            (before, after) if before == after => {}
            (Window::Count(before), Window::Count(after)) => {
                let keep = before.min(after) as usize;
                self.window.drain(..self.window.len().saturating_sub(keep));
            }
            _ => self.window.clear(),
        }
        self.config = config;
    }
}
