use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, FailureKind, PropertyDetails},
    store::{PRICE_EVENT_COLUMNS, PROPERTY_COLUMNS, price_event, property},
};
use std::sync::Arc;

impl After {
    pub(super) async fn property(&self, id: i64) -> Result<Body, Failure> {
        self.details(id).await.map(Body::Property)
    }

    pub(super) async fn details(&self, id: i64) -> Result<Arc<PropertyDetails>, Failure> {
        loaded(self.regions.properties.get_or_load(&id, |_| self.load_property(id)).await)
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
        Ok(PropertyDetails {
            property: property(row)?,
            latitude: row.real(9)?,
            longitude: row.real(10)?,
            history: history.iter().map(price_event).collect::<Result<_, _>>()?,
            listed_by: listings.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?,
        })
    }
}

pub(super) fn not_found(id: i64) -> Failure {
    Failure::new(FailureKind::NotFound, format!("no property {id}"))
}
