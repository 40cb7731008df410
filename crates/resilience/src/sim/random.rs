use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_pcg::Pcg64;

/// What is drawn, each from a stream of its own: two pipelines under one seed meet the same arrivals.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    ServiceTimes = 1,
    Faults,
    /// The first of the clients' streams, one a group.
    Clients,
}

/// Random numbers that a seed repeats, on every platform.
#[derive(Clone, Debug)]
pub(super) struct Random(Pcg64);

/// Sets the seeds of neighbouring streams far apart.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        Self::numbered(seed, stream, 0)
    }

    pub(super) fn numbered(seed: u64, stream: Stream, number: usize) -> Self {
        let stream = (stream as u64).wrapping_add(number as u64);
        Self(Pcg64::seed_from_u64(seed ^ stream.wrapping_mul(GOLDEN_GAMMA)))
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.0)
    }

    /// Normal with mean 0 and deviation 1.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }
}
