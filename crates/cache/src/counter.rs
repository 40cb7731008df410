use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// A figure that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Of a figure that is the largest seen.
    pub(crate) fn raise(&self, to: u64) {
        self.0.fetch_max(to, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that only grows and that every hit writes: in stripes, so that threads do not pass one cache line around.
#[derive(Debug, Default)]
pub(crate) struct Striped([CachePadded<AtomicU64>; STRIPES]);

const STRIPES: usize = 16;

thread_local! {
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

impl Striped {
    pub(crate) fn add(&self, by: u64) {
        self.0[STRIPE.with(|own| *own)].fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|stripe| stripe.load(Ordering::Relaxed)).sum()
    }
}

/// What reads of a shared layer came to: in stripes as a whole, for every read writes all of it.
#[derive(Debug, Default)]
pub(crate) struct Reads([CachePadded<Stripe>; STRIPES]);

#[derive(Debug, Default)]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
    bytes: AtomicU64,
}

/// The reads of one command.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) bytes: u64,
}

impl Reads {
    pub(crate) fn add(&self, by: Tally) {
        let stripe = &self.0[STRIPE.with(|own| *own)];
        for (figure, by) in [(&stripe.hits, by.hits), (&stripe.misses, by.misses), (&stripe.bytes, by.bytes)]
        {
            if by > 0 {
                figure.fetch_add(by, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn get(&self) -> Tally {
        let sum =
            |of: fn(&Stripe) -> &AtomicU64| self.0.iter().map(|own| of(own).load(Ordering::Relaxed)).sum();
        Tally { hits: sum(|own| &own.hits), misses: sum(|own| &own.misses), bytes: sum(|own| &own.bytes) }
    }
}
