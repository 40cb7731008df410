use super::history::{self, Sale};
use super::home::{self, Home};
use super::listings::{self, Listing};
use super::population;
use super::random::{Table, stream};
use super::searches::{self, Search};
use super::views::{self, DayViews};
use crate::domain::Locality;
use rand::seq::SliceRandom;

/// Every row of the property database, in memory: about 30 MB for 200,000 properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    pub localities: Vec<Locality>,
    /// A property's id is its place here, from 1.
    pub homes: Vec<Home>,
    /// By day, oldest first.
    pub sales: Vec<Sale>,
    /// Ids of the properties for sale, the most looked-at first.
    pub listed: Vec<u32>,
    pub listings: Vec<Listing>,
    /// Ids run from 1 to this.
    pub users: u32,
    /// What people search for, the most searched first.
    pub search_texts: Vec<String>,
    pub searches: Vec<Search>,
    pub views: Vec<DayViews>,
}

/// Why no market could be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    #[error("a market needs one property at least")]
    NoProperties,
    #[error("nobody can live in any of the {localities} localities: each is a mail centre or overseas")]
    Uninhabited { localities: usize },
}

impl Market {
    pub const DEFAULT_PROPERTIES: usize = 200_000;

    /// The market of this seed: as many searches as properties, a tenth as many users.
    ///
    /// # Errors
    ///
    /// No properties asked for, or no locality to put them in.
    pub fn generate(localities: Vec<Locality>, seed: u64, properties: usize) -> Result<Self, MarketError> {
        if properties == 0 {
            return Err(MarketError::NoProperties);
        }
        let population = population::spread(&localities, properties, seed);
        let mut homes = Vec::with_capacity(properties);
        for (locality, count) in localities.iter().zip(&population) {
            home::homes_of(locality, *count, seed, &mut homes);
        }
        if homes.is_empty() {
            return Err(MarketError::Uninhabited { localities: localities.len() });
        }
        // Ids are given as properties become known, not suburb by suburb: neighbours do not share a page on disk.
        homes.shuffle(&mut stream(seed, Table::Order, 0));

        let listed = listings::listed(&homes, seed);
        let search_texts = searches::texts(&localities, &by_size(&population), &homes, &listed);
        let users = u32::try_from(properties / 10).unwrap_or(u32::MAX).max(1);
        Ok(Self {
            sales: history::sales_of(&homes, seed),
            listings: listings::listings_of(&listed, seed),
            users,
            searches: searches::searches(properties, users, search_texts.len(), seed),
            views: views::views_of(&listed, seed),
            search_texts,
            listed,
            homes,
            localities,
        })
    }

    pub fn locality_of(&self, home: &Home) -> &Locality {
        &self.localities[home.locality_id as usize - 1]
    }

    pub fn address_of(&self, home: &Home) -> String {
        home.address(self.locality_of(home))
    }

    /// Asking prices by id less one: all that the valuation upstream needs to know.
    pub fn prices(&self) -> Vec<i64> {
        self.homes.iter().map(|home| home.price).collect()
    }
}

/// Ids of the inhabited localities, the fullest first.
fn by_size(population: &[usize]) -> Vec<u32> {
    let mut ids: Vec<u32> =
        (1..).zip(population).filter(|(_, homes)| **homes > 0).map(|(id, _)| id).collect();
    ids.sort_by_key(|id| std::cmp::Reverse(population[*id as usize - 1]));
    ids
}

#[cfg(test)]
mod tests {
    use super::super::coast::km_from_coast;
    use super::super::geography::{Point, capital_of};
    use super::super::{TODAY, real_localities};
    use super::*;
    use crate::domain::PropertyKind;
    use std::collections::{HashMap, HashSet};

    fn market(seed: u64, properties: usize) -> Market {
        Market::generate(real_localities().unwrap(), seed, properties).unwrap()
    }

    fn median(mut prices: Vec<i64>) -> i64 {
        assert!(prices.len() >= 30, "too few to judge: {}", prices.len());
        prices.sort_unstable();
        prices[prices.len() / 2]
    }

    #[test]
    fn the_same_seed_gives_the_same_market_and_another_does_not() {
        let one = market(42, 20_000);
        assert!(one == market(42, 20_000));
        let other = market(43, 20_000);
        assert_ne!(one.homes[..100], other.homes[..100]);
        assert_ne!(one.sales[..100], other.sales[..100]);
        assert_ne!(one.listed, other.listed);
        assert_ne!(one.searches, other.searches);
    }

    #[test]
    fn every_table_has_the_rows_it_should() {
        let market = market(42, 30_000);
        assert_eq!(market.homes.len(), 30_000);
        assert_eq!(market.listed.len(), 1_800);
        assert_eq!((market.users, market.searches.len()), (3_000, 30_000));
        let sales_a_home = market.sales.len() as f64 / 30_000.0;
        assert!((3.3..3.7).contains(&sales_a_home), "{sales_a_home}");
        let listings_a_home = market.listings.len() as f64 / 1_800.0;
        assert!((1.25..1.45).contains(&listings_a_home), "{listings_a_home}");
        assert!(market.sales.is_sorted_by_key(|sale| sale.day));
        assert!(
            market.sales.iter().all(|sale| sale.price > 0 && (TODAY - 7_300..=TODAY).contains(&sale.day))
        );
        let with_history: HashSet<u32> = market.sales.iter().map(|sale| sale.property_id).collect();
        assert_eq!(with_history.len(), 30_000);
        let addresses: HashSet<String> = market.homes.iter().map(|home| market.address_of(home)).collect();
        assert!(addresses.len() > 29_900, "{} distinct addresses", addresses.len());
    }

    #[test]
    fn prices_fall_with_the_distance_to_the_capital() {
        let market = market(42, 60_000);
        let mut rings: HashMap<usize, Vec<i64>> = HashMap::new();
        for home in market.homes.iter().filter(|home| home.kind == PropertyKind::House) {
            let locality = market.locality_of(home);
            let km = Point::of(locality).km_to(capital_of(&locality.state).place);
            let ring = [10.0, 30.0, 80.0, 250.0].iter().filter(|edge| km > **edge).count();
            rings.entry(ring).or_default().push(home.price);
        }
        let medians: Vec<i64> = (0..5).map(|ring| median(rings.remove(&ring).unwrap_or_default())).collect();
        assert!(medians.is_sorted_by(|near, far| near > far), "{medians:?}");
        assert!(medians[0] > 2 * medians[4], "{medians:?}");
    }

    #[test]
    fn the_sea_is_worth_something_at_the_same_distance_from_the_capital() {
        let market = market(42, 60_000);
        let (mut shore, mut inland) = (Vec::new(), Vec::new());
        for home in market.homes.iter().filter(|home| home.kind == PropertyKind::House) {
            let locality = market.locality_of(home);
            let place = Point::of(locality);
            if !(80.0..200.0).contains(&place.km_to(capital_of(&locality.state).place)) {
                continue;
            }
            match km_from_coast(place) {
                km if km < 5.0 => shore.push(home.price),
                km if km > 40.0 => inland.push(home.price),
                _ => {}
            }
        }
        let (shore, inland) = (median(shore), median(inland));
        assert!(shore as f64 > 1.15 * inland as f64, "by the sea {shore}, inland {inland}");
    }

    #[test]
    fn sale_prices_grow_by_about_six_percent_a_year() {
        let market = market(42, 30_000);
        let mean = |days: std::ops::Range<i32>| {
            let ratios: Vec<f64> = market
                .sales
                .iter()
                .filter(|sale| days.contains(&(TODAY - sale.day)))
                .map(|sale| sale.price as f64 / market.homes[sale.property_id as usize - 1].price as f64)
                .collect();
            ratios.iter().sum::<f64>() / ratios.len() as f64
        };
        let growth = (mean(0..365) / mean(3_650..4_015)).powf(0.1) - 1.0;
        assert!((0.05..0.07).contains(&growth), "{growth}");
    }

    #[test]
    fn every_search_text_finds_a_property() {
        let market = market(42, 20_000);
        let addresses: Vec<String> =
            market.homes.iter().map(|home| market.address_of(home).to_lowercase()).collect();
        for text in market.search_texts.iter().step_by(37) {
            assert!(addresses.iter().any(|address| address.contains(text)), "{text:?} finds nothing");
        }
    }

    #[test]
    fn a_market_without_homes_is_refused() {
        assert_eq!(Market::generate(Vec::new(), 42, 0), Err(MarketError::NoProperties));
        assert_eq!(Market::generate(Vec::new(), 42, 5), Err(MarketError::Uninhabited { localities: 0 }));
        assert_eq!(market(42, 1).listed.len(), 1);
    }
}
