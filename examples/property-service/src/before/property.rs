use super::side::Before;
use crate::domain::{Body, Failure, FailureKind, PropertyDetails};
use crate::store::{Row, price_event, property};
use std::sync::Arc;

impl Before {
    pub(super) async fn property(&self, id: i64) -> Result<Body, Failure> {
        let rows =
            self.query("SELECT * FROM properties WHERE id = $1 AND deleted_at IS NULL", &[id.into()]).await?;
        let row =
            rows.first().ok_or_else(|| Failure::new(FailureKind::NotFound, format!("no property {id}")))?;
        let history = self
            .query(
                "SELECT day, price FROM price_history WHERE property_id = $1 ORDER BY day DESC, id DESC",
                &[id.into()],
            )
            .await?;
        let listings = self
            .query("SELECT source FROM listings WHERE property_id = $1 ORDER BY id", &[id.into()])
            .await?;
        Ok(Body::Property(Arc::new(PropertyDetails {
            property: property(row)?,
            latitude: row.real(9)?,
            longitude: row.real(10)?,
            history: history.iter().map(price_event).collect::<Result<_, _>>()?,
            listed_by: listings
                .iter()
                .map(|row: &Row| row.text(0).map(str::to_owned))
                .collect::<Result<_, _>>()?,
        })))
    }
}
