//! The simulator against theory, and pipelines in the simulator.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)]

mod adaptive;
mod budget;
mod calibration;
mod scenarios;
mod world;

use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
