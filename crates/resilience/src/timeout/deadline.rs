//! A caller's deadline on its way through HTTP headers, in and out.
//!
//! Two headers are understood: [`TIMEOUT_MS`], which mainstay writes, and gRPC's [`GRPC_TIMEOUT`]. Both say how much time
//! is left and not when it ends, so that clocks need not agree; the way between the two sides is not accounted for.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The header that carries the time left in whole milliseconds: `x-request-timeout-ms: 1500`.
pub const TIMEOUT_MS: &str = "x-request-timeout-ms";

/// gRPC's header: up to eight digits and one of `H`, `M`, `S`, `m`, `u`, `n`, as in `grpc-timeout: 1500m`.
pub const GRPC_TIMEOUT: &str = "grpc-timeout";

/// More than this is no deadline that anybody keeps.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads callers' deadlines, and counts those that make no sense.
///
/// ```
/// # use mainstay_resilience::timeout::deadline::{self, DeadlineHeaders};
/// # use std::{collections::HashMap, time::Duration};
/// let deadlines = DeadlineHeaders::new();
/// let headers = HashMap::from([(deadline::TIMEOUT_MS, "1500")]);
/// let left = deadlines.read(|name| headers.get(name).map(|value| value.as_bytes()));
/// assert_eq!(left, Some(Duration::from_millis(1500)));
/// ```
#[derive(Debug, Default)]
pub struct DeadlineHeaders {
    ignored: AtomicU64,
}

impl DeadlineHeaders {
    /// With nothing ignored yet.
    pub const fn new() -> Self {
        Self { ignored: AtomicU64::new(0) }
    }

    /// The time the caller has left, by the headers that `header` looks up; the shorter one if both are there.
    ///
    /// A value that is malformed, zero (some mean "no limit" by it, others "too late") or longer than a day is ignored and
    /// counted. What is read here can only shorten the time a call gets: take the minimum of it and the limit of your own.
    pub fn read<'h>(&self, header: impl Fn(&'static str) -> Option<&'h [u8]>) -> Option<Duration> {
        let millis = header(TIMEOUT_MS).and_then(|value| self.sensible(millis(value)));
        let grpc = header(GRPC_TIMEOUT).and_then(|value| self.sensible(grpc(value)));
        match (millis, grpc) {
            (Some(millis), Some(grpc)) => Some(millis.min(grpc)),
            (one, other) => one.or(other),
        }
    }

    /// Values ignored since it was made.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    fn sensible(&self, left: Option<Duration>) -> Option<Duration> {
        let left = left.filter(|left| !left.is_zero() && *left <= LONGEST);
        if left.is_none() {
            self.ignored.fetch_add(1, Ordering::Relaxed);
        }
        left
    }
}

/// The value of [`TIMEOUT_MS`] for a request that has `left` to go, as in [`Attempt::time_left`](crate::Attempt::time_left).
///
/// Rounded down, since the callee should give up first, but never to nothing. At most a day.
pub fn to_millis(left: Duration) -> String {
    left.min(LONGEST).as_millis().max(1).to_string()
}

/// The value of [`GRPC_TIMEOUT`] for a request that has `left` to go; as [`to_millis`].
pub fn to_grpc(left: Duration) -> String {
    format!("{}m", to_millis(left))
}

fn millis(value: &[u8]) -> Option<Duration> {
    digits(value).map(Duration::from_millis)
}

fn grpc(value: &[u8]) -> Option<Duration> {
    let (unit, count) = value.split_last()?;
    let count = digits(count).filter(|_| count.len() <= 8)?;
    Some(match unit {
        b'H' => Duration::from_secs(count * 60 * 60),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

/// Digits and nothing else: no sign, no blanks.
fn digits(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
