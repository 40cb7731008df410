mod calls;
mod delays;
mod failures;
mod kept;

use super::*;
use std::{cell::Cell, time::Duration};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn after(delay: u64) -> HedgeConfig {
    HedgeConfig::default().delay(ms(delay))
}

/// Counts what is alive.
struct Alive<'a>(&'a Cell<i32>);

impl<'a> Alive<'a> {
    fn new(count: &'a Cell<i32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
