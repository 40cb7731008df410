use super::calendar::TODAY;
use super::demand::PROPERTY_SKEW;
use super::random::{Table, stream};
use rand_distr::{Distribution, LogNormal};

/// How often one property's page was opened on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayViews {
    pub property_id: u32,
    pub day: i32,
    pub views: u32,
}

const DAYS: i32 = 14;

/// Two weeks of page views of the listed properties, day by day. Rank decides, as it does in
/// [`Demand`](super::Demand): what the data calls trending is what the load asks for.
pub(super) fn views_of(listed: &[u32], seed: u64) -> Vec<DayViews> {
    let weather = LogNormal::new(0.0, 0.4).expect("a fixed, finite deviation");
    let busiest = listed.len() as f64;
    let mut views = Vec::with_capacity(listed.len() * DAYS as usize);
    for day in TODAY - DAYS + 1..=TODAY {
        let mut draws = stream(seed, Table::Views, day as u64);
        for (&property_id, rank) in listed.iter().zip(1_u32..) {
            let count = busiest / f64::from(rank).powf(PROPERTY_SKEW) * weather.sample(&mut draws);
            if count >= 0.5 {
                views.push(DayViews { property_id, day, views: count.round() as u32 });
            }
        }
    }
    views
}
