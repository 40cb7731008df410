use crate::{load::DemandSource, market::Demand};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::sync::Arc;

/// The market's demand as the load generator asks for it, with new prices near the old ones.
#[derive(Clone, Debug)]
pub(super) struct MarketDemand {
    demand: Demand,
    prices: Arc<[i64]>,
    draws: Pcg64,
}

impl MarketDemand {
    pub(super) fn new(demand: Demand, prices: Arc<[i64]>, seed: u64) -> Self {
        Self { demand, prices, draws: Pcg64::seed_from_u64(seed) }
    }
}

impl DemandSource for MarketDemand {
    fn property(&mut self) -> i64 {
        self.demand.property()
    }

    fn locality(&mut self) -> u32 {
        self.demand.locality()
    }

    fn search_text(&mut self) -> String {
        self.demand.search_text().to_owned()
    }

    fn user(&mut self) -> u32 {
        self.demand.user()
    }

    /// Within 8 % of the price it was first offered at, in whole thousands.
    fn new_price(&mut self, id: i64) -> i64 {
        let first =
            usize::try_from(id - 1).ok().and_then(|place| self.prices.get(place)).copied().unwrap_or(500_000);
        let moved = first as f64 * self.draws.random_range(0.92..=1.08);
        ((moved / 1_000.0).round() as i64).max(1) * 1_000
    }
}
