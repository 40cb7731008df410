/// What a breaker's window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Calls.
    pub calls: u32,
    /// Calls of these that failed.
    pub failures: u32,
    /// Calls of these that took longer than the threshold for slow calls, failed or not.
    pub slow: u32,
}

impl Tally {
    /// The share of calls that failed, 0 to 1; 0 of no calls.
    pub fn failure_rate(&self) -> f64 {
        share(self.failures, self.calls)
    }

    /// The share of calls that were slow, 0 to 1; 0 of no calls.
    pub fn slow_call_rate(&self) -> f64 {
        share(self.slow, self.calls)
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}
