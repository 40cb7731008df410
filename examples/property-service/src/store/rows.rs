use super::error::StoreError;
use super::row::Row;
use crate::domain::{PriceEvent, Property, PropertyKind};

/// What [`property`] reads, in its order: the table's first columns, so that `SELECT *` serves too.
/// Latitude and longitude stand at 9 and 10.
pub const PROPERTY_COLUMNS: &str = "id, locality_id, address, kind, bedrooms, bathrooms, car_spaces, land_m2, price, latitude, longitude, version";

/// # Errors
///
/// The row does not begin with [`PROPERTY_COLUMNS`].
pub fn property(row: &Row) -> Result<Property, StoreError> {
    Ok(Property {
        id: row.int(0)?,
        locality_id: row.narrow(1)?,
        address: row.text(2)?.to_owned(),
        kind: kind(row, 3)?,
        bedrooms: row.narrow(4)?,
        bathrooms: row.narrow(5)?,
        car_spaces: row.narrow(6)?,
        land_m2: row.narrow(7)?,
        price: row.int(8)?,
        version: row.int(11)?,
    })
}

/// # Errors
///
/// The row does not begin with a day and a price.
pub fn price_event(row: &Row) -> Result<PriceEvent, StoreError> {
    Ok(PriceEvent { day: row.narrow(0)?, price: row.int(1)? })
}

/// As the `kind` column spells it.
pub fn kind_text(kind: PropertyKind) -> &'static str {
    match kind {
        PropertyKind::House => "house",
        PropertyKind::Unit => "unit",
        PropertyKind::Townhouse => "townhouse",
        PropertyKind::Land => "land",
    }
}

fn kind(row: &Row, column: usize) -> Result<PropertyKind, StoreError> {
    let text = row.text(column)?;
    [PropertyKind::House, PropertyKind::Unit, PropertyKind::Townhouse, PropertyKind::Land]
        .into_iter()
        .find(|kind| kind_text(*kind) == text)
        .ok_or_else(|| row.wrong(column, "house, unit, townhouse or land"))
}
