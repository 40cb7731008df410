use std::sync::atomic::{AtomicU64, Ordering};

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The `n`th number of the series that `seed` begins: SplitMix64, of which any member can be had without those before.
#[inline]
pub(crate) fn nth(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seeded series that tasks share without a lock.
#[derive(Debug)]
pub(crate) struct Series {
    seed: u64,
    drawn: AtomicU64,
}

impl Series {
    /// The series of `seed`, or one of its own.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { seed: seed.unwrap_or_else(|| fastrand::u64(..)), drawn: AtomicU64::new(0) }
    }

    /// The next number.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        nth(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// Uniform in `0..below`; `below` is above 0.
    #[inline]
    pub(crate) fn below(&self, below: usize) -> usize {
        ((u128::from(self.next()) * below as u128) >> 64) as usize
    }
}
