use super::calendar::{DAYS_PER_YEAR, TODAY};
use super::home::Home;
use super::random::{Table, stream};
use rand::RngExt;
use rand_distr::{Distribution, LogNormal, Normal};

/// One sale of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Sale {
    pub property_id: u32,
    pub day: i32,
    pub price: i64,
}

const YEARS: i32 = 20;

/// One to six sales a home over twenty years, in the order they happened: a real table grows by time, so one
/// home's rows lie far apart in it.
pub(super) fn sales_of(homes: &[Home], seed: u64) -> Vec<Sale> {
    let growth_a_year = Normal::new(0.06, 0.015).expect("a fixed, finite deviation");
    let bargain = LogNormal::new(0.0, 0.06).expect("a fixed, finite deviation");
    let mut sales = Vec::with_capacity(homes.len() * 7 / 2);
    for (home, property_id) in homes.iter().zip(1_u32..) {
        let mut draws = stream(seed, Table::History, u64::from(property_id));
        let growth = growth_a_year.sample(&mut draws);
        for _ in 0..draws.random_range(1..=6) {
            let age = draws.random_range(0..YEARS * 365);
            let then = home.price as f64 * (-growth * f64::from(age) / DAYS_PER_YEAR).exp();
            let price = ((then * bargain.sample(&mut draws) / 500.0).round() as i64).max(1) * 500;
            sales.push(Sale { property_id, day: TODAY - age, price });
        }
    }
    sales.sort_unstable_by_key(|sale| (sale.day, sale.property_id, sale.price));
    sales
}
