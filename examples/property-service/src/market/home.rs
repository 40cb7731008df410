use super::address::{Street, Streets};
use super::price::{PlaceLevel, rounded, typical_price};
use super::random::{Table, stream};
use crate::domain::{Locality, PropertyKind};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, LogNormal, Normal};

/// One property, packed: its address is put together when asked for. Its id is its place in the market, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    pub locality_id: u32,
    pub(super) street: Street,
    pub(super) number: u16,
    /// 0 for none.
    pub(super) unit: u8,
    pub kind: PropertyKind,
    pub bedrooms: u8,
    pub bathrooms: u8,
    pub car_spaces: u8,
    pub land_m2: u32,
    pub price: i64,
    pub latitude: f64,
    pub longitude: f64,
}

/// The homes of one locality, from its own stream of draws.
pub(super) fn homes_of(locality: &Locality, count: usize, seed: u64, into: &mut Vec<Home>) {
    if count == 0 {
        return;
    }
    let mut draws = stream(seed, Table::Homes, u64::from(locality.id));
    let mut streets = Streets::drawn(&mut draws, count);
    let level = PlaceLevel::of(locality);
    let mix = KindMix::of(locality);
    let radius = Normal::new(0.0, mix.radius_degrees).expect("a fixed, finite deviation");
    let taste = LogNormal::new(0.0, 0.18).expect("a fixed, finite deviation");
    // Suburbs side by side differ too.
    let renown = LogNormal::new(0.0, 0.12).expect("a fixed, finite deviation").sample(&mut draws);
    for _ in 0..count {
        let kind = mix.draw(&mut draws);
        let (street, number) = streets.next_number(&mut draws);
        let unit = if kind == PropertyKind::Unit { draws.random_range(1..=24) } else { 0 };
        let (bedrooms, land_m2) = size(kind, mix.land_factor, &mut draws);
        let bathrooms =
            if kind == PropertyKind::Land { 0 } else { (bedrooms / 2 + draws.random_range(0..2)).max(1) };
        let car_spaces = if kind == PropertyKind::Land { 0 } else { draws.random_range(0..=3) };
        let price = typical_price(level, kind, bedrooms, land_m2) * renown * taste.sample(&mut draws);
        into.push(Home {
            locality_id: locality.id,
            street,
            number,
            unit,
            kind,
            bedrooms,
            bathrooms,
            car_spaces,
            land_m2,
            price: rounded(price),
            latitude: locality.latitude + radius.sample(&mut draws),
            longitude: locality.longitude + radius.sample(&mut draws),
        });
    }
}

fn size(kind: PropertyKind, land_factor: f64, draws: &mut impl Rng) -> (u8, u32) {
    let (bedrooms, land) = match kind {
        PropertyKind::House => (draws.random_range(2..=5), draws.random_range(300.0..1_000.0) * land_factor),
        PropertyKind::Townhouse => (draws.random_range(2..=4), draws.random_range(120.0..300.0)),
        PropertyKind::Unit => (draws.random_range(1..=3), 0.0),
        PropertyKind::Land => (0, draws.random_range(300.0..2_000.0) * land_factor),
    };
    (bedrooms, land as u32)
}

/// What is built where: flats in the cities, houses in the country, bare blocks beyond.
struct KindMix {
    /// Shares of units, townhouses and land; the rest are houses.
    unit: f64,
    townhouse: f64,
    land: f64,
    land_factor: f64,
    /// How far homes stand from the locality's point.
    radius_degrees: f64,
}

impl KindMix {
    fn of(locality: &Locality) -> Self {
        let (unit, townhouse, land, land_factor, radius_degrees) = match locality.remoteness.as_str() {
            "Major Cities of Australia" => (0.34, 0.14, 0.02, 1.0, 0.006),
            "Inner Regional Australia" => (0.12, 0.07, 0.08, 1.4, 0.012),
            "Outer Regional Australia" => (0.06, 0.03, 0.14, 2.5, 0.020),
            "Remote Australia" => (0.04, 0.01, 0.20, 4.0, 0.030),
            "Very Remote Australia" => (0.03, 0.01, 0.20, 6.0, 0.030),
            _ => (0.20, 0.06, 0.08, 1.5, 0.012),
        };
        Self { unit, townhouse, land, land_factor, radius_degrees }
    }

    fn draw(&self, draws: &mut impl Rng) -> PropertyKind {
        let share: f64 = draws.random();
        if share < self.unit {
            PropertyKind::Unit
        } else if share < self.unit + self.townhouse {
            PropertyKind::Townhouse
        } else if share < self.unit + self.townhouse + self.land {
            PropertyKind::Land
        } else {
            PropertyKind::House
        }
    }
}
