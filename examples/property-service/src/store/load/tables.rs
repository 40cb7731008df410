use super::super::rows::kind_text;
use super::super::schema::{
    LISTINGS, LOCALITIES, PRICE_HISTORY, PROPERTIES, PROPERTY_VIEWS, SEARCHES, Table, USERS,
};
use super::super::value::Value;
use crate::market::{Market, user_name};

/// Appends the cells of the row with this number, from 0.
type Push<'m> = Box<dyn Fn(usize, &mut Vec<Value>) + Send + 'm>;

/// A table and its rows.
pub(super) struct Filling<'m> {
    pub table: Table,
    pub rows: usize,
    pub push: Push<'m>,
}

pub(super) fn fillings(market: &Market) -> [Filling<'_>; 7] {
    fn filling<'m>(
        table: Table,
        rows: usize,
        push: impl Fn(usize, &mut Vec<Value>) + Send + 'm,
    ) -> Filling<'m> {
        Filling { table, rows, push: Box::new(push) }
    }
    [
        filling(LOCALITIES, market.localities.len(), |row, cells| {
            let locality = &market.localities[row];
            cells.extend([
                locality.id.into(),
                locality.postcode.as_str().into(),
                locality.name.as_str().into(),
                locality.state.as_str().into(),
                locality.latitude.into(),
                locality.longitude.into(),
                locality.region.as_str().into(),
                locality.lga.as_str().into(),
                locality.remoteness.as_str().into(),
            ]);
        }),
        filling(PROPERTIES, market.homes.len(), |row, cells| {
            let home = &market.homes[row];
            cells.extend([
                id(row),
                home.locality_id.into(),
                market.address_of(home).into(),
                kind_text(home.kind).into(),
                home.bedrooms.into(),
                home.bathrooms.into(),
                home.car_spaces.into(),
                home.land_m2.into(),
                home.price.into(),
                home.latitude.into(),
                home.longitude.into(),
                Value::Int(1),
                Value::Null,
            ]);
        }),
        filling(PRICE_HISTORY, market.sales.len(), |row, cells| {
            let sale = &market.sales[row];
            cells.extend([id(row), sale.property_id.into(), sale.day.into(), sale.price.into()]);
        }),
        filling(LISTINGS, market.listings.len(), |row, cells| {
            let listing = &market.listings[row];
            cells.extend([
                id(row),
                listing.property_id.into(),
                listing.source.into(),
                listing.listed_day.into(),
            ]);
        }),
        filling(USERS, market.users as usize, |row, cells| {
            cells.extend([id(row), user_name(row as u32 + 1).into()]);
        }),
        filling(SEARCHES, market.searches.len(), |row, cells| {
            let search = &market.searches[row];
            let text = market.search_texts[search.text as usize].as_str();
            cells.extend([id(row), search.user_id.into(), text.into(), search.created_day.into()]);
        }),
        filling(PROPERTY_VIEWS, market.views.len(), |row, cells| {
            let views = &market.views[row];
            cells.extend([views.property_id.into(), views.day.into(), views.views.into()]);
        }),
    ]
}

fn id(row: usize) -> Value {
    Value::Int(row as i64 + 1)
}
