mod calls;
mod choosing;
mod ejection;
mod random;
mod settings;
mod trial;

use super::*;
use crate::{
    Error, Retry, RetryConfig, ShedReason, Timeout, Verdict,
    telemetry::{Event, Observer, OnEvent, PolicyId},
};
use std::{
    collections::HashMap,
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

/// One failure makes an outlier, and an ejection lasts 10 s the first time.
fn config() -> OutliersConfig {
    OutliersConfig::default().consecutive_failures(1).failure_rate(None).base_ejection(10 * SECOND)
}

fn set(config: OutliersConfig, endpoints: u32) -> Outliers<u32> {
    Outliers::new("hosts", config, 0..endpoints).unwrap()
}

/// Chooses until `endpoint` comes, and says this of it; others succeed.
fn say<O: Observer>(set: &Outliers<u32, crate::Failures, O>, endpoint: u32, verdict: Verdict) {
    for _ in 0..100 {
        let chosen = set.choose().unwrap();
        if *chosen == endpoint {
            return chosen.record(verdict);
        }
        chosen.record(Verdict::Success);
    }
    panic!("{endpoint} is never chosen");
}

fn fail(set: &Outliers<u32>, endpoint: u32) {
    say(set, endpoint, Verdict::Failure);
}

fn standing(set: &Outliers<u32>, endpoint: u32) -> Standing {
    set.explain().into_iter().find(|report| *report.endpoint == endpoint).unwrap().standing
}

fn is_out(set: &Outliers<u32>, endpoint: u32) -> bool {
    matches!(standing(set, endpoint), Standing::Ejected { .. } | Standing::Trial)
}

fn remaining(set: &Outliers<u32>, endpoint: u32) -> Duration {
    match standing(set, endpoint) {
        Standing::Ejected { remaining, .. } => remaining,
        other => panic!("{endpoint} is {other:?}"),
    }
}

/// How often each endpoint is chosen in `n` calls that succeed.
fn shares(set: &Outliers<u32>, n: usize) -> HashMap<u32, usize> {
    let mut shares = HashMap::new();
    for _ in 0..n {
        let chosen = set.choose().unwrap();
        *shares.entry(*chosen).or_default() += 1;
        chosen.record(Verdict::Success);
    }
    shares
}
