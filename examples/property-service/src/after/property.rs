use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, FailureKind, PropertyDetails},
    store::{PRICE_EVENT_COLUMNS, PROPERTY_COLUMNS, Row, price_event, property},
};

impl After {
    pub(super) async fn property(&self, id: i64) -> Result<Body, Failure> {
        let details = self.regions.properties.get_or_load(&id, |_| self.load_property(id)).await;
        loaded(details).map(Body::Property)
    }

    async fn load_property(&self, id: i64) -> Result<PropertyDetails, Failure> {
        let row = format!("SELECT {PROPERTY_COLUMNS} FROM properties WHERE id = $1 AND deleted_at IS NULL");
        let history = format!(
            "SELECT {PRICE_EVENT_COLUMNS} FROM price_history WHERE property_id = $1 ORDER BY day DESC, id DESC"
        );
        let listings = "SELECT source FROM listings WHERE property_id = $1 ORDER BY source";
        let rows = self.query(&row, &[id.into()]).await?;
        let row = rows.first().ok_or_else(|| not_found(id))?;
        let history = self.query(&history, &[id.into()]).await?;
        let listings = self.query(listings, &[id.into()]).await?;
        details(row, &history, &listings)
    }
}

pub(super) fn not_found(id: i64) -> Failure {
    Failure::new(FailureKind::NotFound, format!("no property {id}"))
}

/// A property's page of its row, its price events and its listings' sources.
pub(super) fn details(row: &Row, history: &[Row], listings: &[Row]) -> Result<PropertyDetails, Failure> {
    Ok(PropertyDetails {
        property: property(row)?,
        latitude: row.real(9)?,
        longitude: row.real(10)?,
        history: history.iter().map(price_event).collect::<Result<_, _>>()?,
        listed_by: listings.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?,
    })
}
