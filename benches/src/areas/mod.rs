//! What is measured, by area.

mod cache;
mod pool;
mod resilience;

use crate::contest::Contest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Area {
    Resilience,
    Pool,
    Cache,
}

impl Area {
    pub(crate) const ALL: [Self; 3] = [Self::Resilience, Self::Pool, Self::Cache];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resilience => "resilience",
            Self::Pool => "pool",
            Self::Cache => "cache",
        }
    }

    pub(crate) fn contests(self) -> Vec<Contest> {
        match self {
            Self::Resilience => resilience::contests(),
            Self::Pool => pool::contests(),
            Self::Cache => cache::contests(),
        }
    }
}
