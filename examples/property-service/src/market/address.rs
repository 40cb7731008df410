use super::home::Home;
use crate::domain::Locality;
use rand::{Rng, RngExt};

#[rustfmt::skip]
const NAMES: [&str; 80] = [
    "Acacia", "Albert", "Alfred", "Anzac", "Ashford", "Banksia", "Barker", "Bay", "Beach", "Bellevue",
    "Blackwood", "Boronia", "Bridge", "Brolga", "Burke", "Campbell", "Casuarina", "Cedar", "Chapel", "Charles",
    "Church", "Collins", "Cook", "Coral", "Currawong", "Darling", "Deakin", "Edward", "Elizabeth", "Eucalypt",
    "Fern", "Flinders", "Forest", "Garden", "George", "Gordon", "Grevillea", "Hakea", "Harbour", "High",
    "Hill", "Hume", "Jacaranda", "James", "Kangaroo", "King", "Kookaburra", "Lachlan", "Lake", "Lawson",
    "Macquarie", "Magpie", "Main", "Mary", "Melaleuca", "Mill", "Mitchell", "Murray", "Ocean", "Oxley",
    "Park", "Phillip", "Pine", "Queen", "Railway", "River", "Rosella", "School", "Station", "Stirling",
    "Sturt", "Sunset", "Tasman", "Telopea", "Valley", "Victoria", "Waratah", "Wattle", "William", "York",
];
const SUFFIXES: [&str; 8] = ["St", "Rd", "Ave", "Dr", "Ct", "Pl", "Cres", "Lane"];
const STREETS: usize = NAMES.len() * SUFFIXES.len();

/// A street's name, as a number below `STREETS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Street(u16);

impl Street {
    pub(super) fn name(self) -> String {
        let place = usize::from(self.0);
        format!("{} {}", NAMES[place / SUFFIXES.len()], SUFFIXES[place % SUFFIXES.len()])
    }
}

/// The streets of one locality and the next free number in each, so that no two homes share an address.
pub(super) struct Streets {
    first: usize,
    stride: usize,
    next: Vec<u16>,
}

impl Streets {
    /// A street for about ten homes.
    pub(super) fn drawn(draws: &mut impl Rng, homes: usize) -> Self {
        Self {
            first: draws.random_range(0..STREETS),
            // 640 has the prime factors 2 and 5: these strides visit every street before one comes back.
            stride: [77, 123, 201, 287, 361][draws.random_range(0..5)],
            next: vec![1; (homes / 10).clamp(1, 160)],
        }
    }

    pub(super) fn next_number(&mut self, draws: &mut impl Rng) -> (Street, u16) {
        let street = draws.random_range(0..self.next.len());
        let number = self.next[street];
        self.next[street] = number.saturating_add(draws.random_range(1..=3));
        (Street(((self.first + street * self.stride) % STREETS) as u16), number)
    }
}

impl Home {
    /// `3/12 Banksia St, Bondi NSW 2026`; `locality` is the home's own.
    pub fn address(&self, locality: &Locality) -> String {
        let Locality { name, state, postcode, .. } = locality;
        let (number, street) = (self.number, self.street.name());
        match self.unit {
            0 => format!("{number} {street}, {name} {state} {postcode}"),
            unit => format!("{unit}/{number} {street}, {name} {state} {postcode}"),
        }
    }
}
