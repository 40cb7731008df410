use super::calendar::TODAY;
use super::home::Home;
use super::random::{Table, stream};
use crate::domain::Locality;
use rand::RngExt;
use rand_distr::{Distribution, Zipf};
use std::collections::HashSet;

/// One search someone made: `text` is a place in the market's search texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub user_id: u32,
    pub text: u32,
    pub created_day: i32,
}

/// How much more the first text is searched than the tenth, the tenth than the hundredth.
pub(super) const TEXT_SKEW: f64 = 0.9;

/// What people type, the most typed first: the names of the fullest suburbs and, every third, a street in one.
/// Each is part of at least one address.
pub(super) fn texts(localities: &[Locality], by_size: &[u32], homes: &[Home], listed: &[u32]) -> Vec<String> {
    const MOST: usize = 1_500;
    let suburbs = by_size.iter().map(|id| localities[*id as usize - 1].name.clone());
    let mut streets = listed.iter().map(|id| {
        let home = &homes[*id as usize - 1];
        format!("{}, {}", home.street.name(), localities[home.locality_id as usize - 1].name)
    });
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(MOST);
    for (suburb, place) in suburbs.zip(0..) {
        let street = if place % 2 == 1 { streets.next() } else { None };
        for text in [Some(suburb), street].into_iter().flatten() {
            let typed = text.to_lowercase();
            if texts.len() < MOST && seen.insert(typed.clone()) {
                texts.push(typed);
            }
        }
    }
    texts
}

/// Searches of the last half year, in the order they were made.
pub(super) fn searches(count: usize, users: u32, texts: usize, seed: u64) -> Vec<Search> {
    let mut draws = stream(seed, Table::Searches, 0);
    let rank = Zipf::new(texts as f64, TEXT_SKEW).expect("a market has a text at least");
    let mut searches: Vec<Search> = (0..count)
        .map(|_| Search {
            user_id: draws.random_range(1..=users),
            text: rank.sample(&mut draws) as u32 - 1,
            created_day: TODAY - draws.random_range(0..180),
        })
        .collect();
    searches.sort_by_key(|search| search.created_day);
    searches
}

/// The name of the user with this id; others may share it.
pub fn user_name(id: u32) -> String {
    #[rustfmt::skip]
    const FIRST: [&str; 20] = [
        "Amelia", "Arjun", "Banjo", "Charlotte", "Chloe", "Ethan", "Freya", "Hamish", "Isla", "Jack",
        "Kirra", "Liam", "Mei", "Noah", "Olivia", "Priya", "Ruby", "Tane", "William", "Zoe",
    ];
    #[rustfmt::skip]
    const LAST: [&str; 20] = [
        "Anderson", "Brown", "Campbell", "Chen", "Davies", "Evans", "Kelly", "Kumar", "Lee", "Martin",
        "Nguyen", "O'Brien", "Papadopoulos", "Rossi", "Singh", "Smith", "Taylor", "Walker", "Williams", "Wilson",
    ];
    let place = id as usize;
    format!("{} {}", FIRST[place % FIRST.len()], LAST[(place / FIRST.len()) % LAST.len()])
}
