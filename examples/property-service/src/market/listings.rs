use super::calendar::TODAY;
use super::home::Home;
use super::random::{Table, stream};
use rand::RngExt;
use rand::seq::SliceRandom;

/// One agency's offer of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    pub property_id: u32,
    pub source: &'static str,
    pub listed_day: i32,
}

#[rustfmt::skip]
const AGENCIES: [&str; 12] = [
    "Harbour & Hill", "Southern Cross Realty", "Gumtree Lane", "Coastline Homes", "Federation Property",
    "Wattle & Co", "Bluestone Agents", "Red Earth Realty", "Lighthouse Estates", "Terrace & Tin",
    "Paddock & Port", "Verandah Group",
];

/// The ids of the listed properties, the most looked-at first: six in a hundred, one at least.
pub(super) fn listed(homes: &[Home], seed: u64) -> Vec<u32> {
    let mut ids: Vec<u32> = (1..).take(homes.len()).collect();
    let count = (homes.len() * 6).div_ceil(100);
    let (chosen, _) = ids.partial_shuffle(&mut stream(seed, Table::Listings, 0), count);
    chosen.to_vec()
}

/// A third of the listed properties stand with two agencies.
pub(super) fn listings_of(listed: &[u32], seed: u64) -> Vec<Listing> {
    let mut listings = Vec::with_capacity(listed.len() * 4 / 3);
    for &property_id in listed {
        let mut draws = stream(seed, Table::Listings, u64::from(property_id));
        let first = draws.random_range(0..AGENCIES.len());
        let agencies = if draws.random_bool(1.0 / 3.0) { 2 } else { 1 };
        for step in 0..agencies {
            listings.push(Listing {
                property_id,
                source: AGENCIES[(first + step * 5) % AGENCIES.len()],
                listed_day: TODAY - draws.random_range(0..120),
            });
        }
    }
    listings.sort_unstable_by_key(|listing| (listing.listed_day, listing.property_id, listing.source));
    listings
}
