//! What is measured, by area.

mod cache;
mod pool;
mod resilience;

use crate::{contest::Contest, footprint::Footprint};

/// A part of mainstay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Area {
    /// Policies.
    Resilience,
    /// The pool.
    Pool,
    /// The cache.
    Cache,
}

impl Area {
    /// All, in the order they are measured.
    pub const ALL: [Self; 3] = [Self::Resilience, Self::Pool, Self::Cache];

    /// Its name in the results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resilience => "resilience",
            Self::Pool => "pool",
            Self::Cache => "cache",
        }
    }

    /// Its contests, made ready.
    pub fn contests(self) -> Vec<Contest> {
        match self {
            Self::Resilience => resilience::contests(),
            Self::Pool => pool::contests(),
            Self::Cache => cache::contests(),
        }
    }

    /// What its entries take in memory, where it has any.
    pub fn footprints(self) -> Vec<Footprint> {
        match self {
            Self::Cache => cache::footprints(),
            Self::Resilience | Self::Pool => Vec::new(),
        }
    }
}
