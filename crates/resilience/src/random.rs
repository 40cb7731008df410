use std::sync::atomic::{AtomicU64, Ordering};

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The `n`th number of the series that `seed` begins: SplitMix64, of which any member can be had without those before.
#[inline]
pub(crate) fn nth(seed: u64, n: u64) -> u64 {
    mixed(seed.wrapping_add(n.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA)))
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A series that its seed repeats and that tasks share without a lock.
#[derive(Debug)]
pub(crate) struct Series {
    counter: AtomicU64,
}

impl Series {
    /// The series of `seed`, or one of its own.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { counter: AtomicU64::new(seed.unwrap_or_else(|| fastrand::u64(..))) }
    }

    /// Begins the series of this seed.
    pub(crate) fn reseed(&self, seed: u64) {
        self.counter.store(seed, Ordering::Relaxed);
    }

    /// The next number.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        mixed(self.counter.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA))
    }

    /// Uniform in `0..below`; `below` is above 0.
    #[inline]
    pub(crate) fn below(&self, below: usize) -> usize {
        ((u128::from(self.next()) * below as u128) >> 64) as usize
    }

    /// Uniform in [0, 1).
    #[inline]
    pub(crate) fn unit(&self) -> f64 {
        // The 53 bits that a mantissa holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
