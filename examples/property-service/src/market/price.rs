use super::coast::km_from_coast;
use super::geography::{Point, capital_of};
use crate::domain::{Locality, PropertyKind};

/// What a place does to the prices of its homes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceLevel(f64);

impl PlaceLevel {
    /// Falls with the distance to the state's capital, rises within a few kilometres of the sea.
    pub(super) fn of(locality: &Locality) -> Self {
        let place = Point::of(locality);
        let capital = capital_of(&locality.state);
        let inland = place.km_to(capital.place);
        let town = 0.30 + 0.40 * (-inland / 18.0).exp() + 0.30 * (-inland / 150.0).exp();
        let shore = 1.0 + 0.5 * (-km_from_coast(place) / 8.0).exp();
        // A capital lifts its surroundings, not the far end of its state.
        let level = 1.0 + (capital.price_level - 1.0) * (-inland / 250.0).exp();
        Self(town * shore * level)
    }
}

/// What a home is asked for, before the draw of the day: whole dollars.
pub(super) fn typical_price(place: PlaceLevel, kind: PropertyKind, bedrooms: u8, land_m2: u32) -> f64 {
    let rooms = 1.0 + 0.13 * (f64::from(bedrooms) - 3.0);
    let land = (f64::from(land_m2.max(50)) / 600.0).powf(0.15);
    place.0
        * match kind {
            PropertyKind::House => 980_000.0 * rooms * land,
            PropertyKind::Townhouse => 830_000.0 * rooms * land,
            PropertyKind::Unit => 720_000.0 * rooms,
            PropertyKind::Land => 460_000.0 * land,
        }
}

/// As asking prices are written: to the thousand, never nothing.
pub(super) fn rounded(price: f64) -> i64 {
    ((price / 1_000.0).round() as i64).max(15) * 1_000
}
