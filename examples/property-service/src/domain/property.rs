use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PropertyKind {
    House,
    Unit,
    Townhouse,
    Land,
}

/// One dwelling or block, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Property {
    pub id: i64,
    pub locality_id: u32,
    pub address: String,
    pub kind: PropertyKind,
    pub bedrooms: u8,
    pub bathrooms: u8,
    pub car_spaces: u8,
    pub land_m2: u32,
    /// Asking price or last estimate, whole dollars.
    pub price: i64,
    /// Counts the updates of this row: what the staleness check compares.
    pub version: i64,
}

/// One sale or price change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceEvent {
    /// Days since 1970-01-01.
    pub day: i32,
    pub price: i64,
}

/// A property's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyDetails {
    pub property: Property,
    pub latitude: f64,
    pub longitude: f64,
    /// Newest first.
    pub history: Vec<PriceEvent>,
    /// Agencies that list it now.
    pub listed_by: Vec<String>,
}
