use super::generator::Market;
use super::random::{Table, stream};
use super::searches::TEXT_SKEW;
use rand::RngExt;
use rand_distr::{Distribution, Zipf};
use rand_pcg::Pcg64Mcg;
use std::sync::Arc;

/// Zipf exponent of the interest in listed properties: the first gets 1/1, the second 1/2, the third 1/3 …
pub(super) const PROPERTY_SKEW: f64 = 1.0;

/// Zipf exponent of the interest in suburbs, the fullest first: people look where much is on offer.
pub(super) const LOCALITY_SKEW: f64 = 1.0;

/// What the public asks for, drawn from a seed in O(1) a draw: two of the same market and seed draw the same.
///
/// It keeps no borrow of the market, and a clone shares its tables.
#[derive(Clone, Debug)]
pub struct Demand {
    tables: Arc<Tables>,
    draws: Pcg64Mcg,
}

#[derive(Debug)]
struct Tables {
    listed: Vec<u32>,
    property_rank: Zipf<f64>,
    /// The inhabited ones, the fullest first.
    localities: Vec<u32>,
    locality_rank: Zipf<f64>,
    search_texts: Vec<String>,
    text_rank: Zipf<f64>,
    users: u32,
}

impl Demand {
    pub fn new(market: &Market, seed: u64) -> Self {
        let mut homes = vec![0_u32; market.localities.len()];
        for home in &market.homes {
            homes[home.locality_id as usize - 1] += 1;
        }
        let mut localities: Vec<u32> =
            (1..).zip(&homes).filter(|(_, homes)| **homes > 0).map(|(id, _)| id).collect();
        localities.sort_by_key(|id| std::cmp::Reverse(homes[*id as usize - 1]));
        let zipf = |values: usize, skew| Zipf::new(values as f64, skew).expect("a market is never empty");
        let tables = Tables {
            property_rank: zipf(market.listed.len(), PROPERTY_SKEW),
            listed: market.listed.clone(),
            locality_rank: zipf(localities.len(), LOCALITY_SKEW),
            localities,
            text_rank: zipf(market.search_texts.len(), TEXT_SKEW),
            search_texts: market.search_texts.clone(),
            users: market.users,
        };
        Self { tables: Arc::new(tables), draws: stream(seed, Table::Demand, 0) }
    }

    /// A listed property's id, by Zipf.
    pub fn property(&mut self) -> i64 {
        let rank = self.tables.property_rank.sample(&mut self.draws);
        i64::from(self.tables.listed[rank as usize - 1])
    }

    /// An inhabited locality's id, by Zipf, the fullest first.
    pub fn locality(&mut self) -> u32 {
        let rank = self.tables.locality_rank.sample(&mut self.draws);
        self.tables.localities[rank as usize - 1]
    }

    /// What someone types, by Zipf; part of at least one address.
    pub fn search_text(&mut self) -> &str {
        let rank = self.tables.text_rank.sample(&mut self.draws);
        &self.tables.search_texts[rank as usize - 1]
    }

    /// Any user's id.
    pub fn user(&mut self) -> u32 {
        self.draws.random_range(1..=self.tables.users)
    }
}

#[cfg(test)]
mod tests {
    use super::super::real_localities;
    use super::*;
    use std::collections::HashMap;

    fn market() -> Market {
        Market::generate(real_localities().unwrap(), 42, 30_000).unwrap()
    }

    #[test]
    fn the_same_seed_asks_for_the_same() {
        let market = market();
        let draw = |seed| {
            let mut demand = Demand::new(&market, seed);
            let text = demand.search_text().to_owned();
            (0..50)
                .map(|_| (demand.property(), demand.locality(), demand.user(), text.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn interest_in_properties_follows_zipf() {
        let market = market();
        let mut demand = Demand::new(&market, 42);
        let mut asked: HashMap<i64, u32> = HashMap::new();
        for _ in 0..200_000 {
            *asked.entry(demand.property()).or_default() += 1;
        }
        let share = |rank: usize| f64::from(asked[&i64::from(market.listed[rank - 1])]) / 200_000.0;
        let harmonic: f64 = (1..=market.listed.len()).map(|rank| 1.0 / rank as f64).sum();
        for rank in [1, 2, 10, 100] {
            let expected = 1.0 / rank as f64 / harmonic;
            assert!(
                (share(rank) / expected - 1.0).abs() < 0.2,
                "rank {rank}: {} for {expected}",
                share(rank)
            );
        }
        assert!(asked.keys().all(|id| market.listed.contains(&(*id as u32))));
    }

    #[test]
    fn fuller_localities_are_asked_for_more_and_empty_ones_never() {
        let market = market();
        let mut homes: HashMap<u32, u32> = HashMap::new();
        for home in &market.homes {
            *homes.entry(home.locality_id).or_default() += 1;
        }
        let mut demand = Demand::new(&market, 42);
        let asked: Vec<u32> = (0..20_000).map(|_| homes[&demand.locality()]).collect();
        let mean = |counts: &[u32]| counts.iter().sum::<u32>() as f64 / counts.len() as f64;
        let even: Vec<u32> = homes.values().copied().collect();
        assert!(mean(&asked) > 2.0 * mean(&even), "{} against {}", mean(&asked), mean(&even));
    }

    #[test]
    fn users_are_users() {
        let market = market();
        let mut demand = Demand::new(&market, 42);
        assert!((0..10_000).all(|_| (1..=market.users).contains(&demand.user())));
    }
}
