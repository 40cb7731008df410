//! What is measured, by area.

mod resilience;

use crate::contest::Contest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Area {
    Resilience,
}

impl Area {
    pub(crate) const ALL: [Self; 1] = [Self::Resilience];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resilience => "resilience",
        }
    }

    pub(crate) fn contests(self) -> Vec<Contest> {
        match self {
            Self::Resilience => resilience::contests(),
        }
    }
}
