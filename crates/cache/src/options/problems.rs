use std::fmt;
use std::time::Duration;

use crate::error::ConfigError;
use crate::ttl::LONGEST;

/// Everything that is wrong with some options, so that a file is mended at one go.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<ConfigError>);

impl Problems {
    pub(crate) fn unless(
        &mut self,
        holds: bool,
        field: &'static str,
        value: impl fmt::Display,
        allowed: &'static str,
    ) {
        if !holds {
            self.0.push(ConfigError::new(field, value, allowed));
        }
    }

    /// 1 ms to 365 days, if it is set.
    pub(crate) fn unless_time(&mut self, field: &'static str, time: impl Into<Option<Duration>>) {
        if let Some(time) = time.into() {
            let holds = (Duration::from_millis(1)..=LONGEST).contains(&time);
            self.unless(holds, field, format_args!("{time:?}"), "1 ms to 365 days");
        }
    }

    pub(crate) fn add(&mut self, other: Result<(), ConfigError>) {
        self.0.extend(other.err());
    }

    pub(crate) fn into_result(self) -> Result<(), ConfigError> {
        let mut problems = self.0.into_iter();
        match problems.next() {
            None => Ok(()),
            Some(mut first) => {
                first.also.extend(problems);
                Err(first)
            }
        }
    }
}
