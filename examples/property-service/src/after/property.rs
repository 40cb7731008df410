use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, FailureKind, PriceEvent, PropertyDetails},
    store::{PROPERTY_COLUMNS, property},
};
use mainstay_dbopt::Dialect;
use serde::de::DeserializeOwned;
use std::sync::Arc;

impl After {
    pub(super) async fn property(&self, id: i64) -> Result<Body, Failure> {
        self.details(id).await.map(Body::Property)
    }

    pub(super) async fn details(&self, id: i64) -> Result<Arc<PropertyDetails>, Failure> {
        loaded(self.regions.properties.get_or_load_borrowed(&id, |_| self.load_property(id)).await)
    }

    /// A whole page in one statement: the row, its history and its listings.
    async fn load_property(&self, id: i64) -> Result<PropertyDetails, Failure> {
        let (history, listings) = if self.dialect == Dialect::Postgres {
            (
                "SELECT COALESCE(json_agg(json_build_array(day, price) ORDER BY day DESC, id DESC), '[]')::text \
                 FROM price_history WHERE property_id = $1",
                "SELECT COALESCE(json_agg(source ORDER BY source), '[]')::text FROM listings WHERE property_id = $1",
            )
        } else {
            (
                "SELECT json_group_array(json_array(day, price)) FROM \
                 (SELECT day, price FROM price_history WHERE property_id = $1 ORDER BY day DESC, id DESC)",
                "SELECT json_group_array(source) FROM \
                 (SELECT source FROM listings WHERE property_id = $1 ORDER BY source)",
            )
        };
        let sql = format!(
            "SELECT {PROPERTY_COLUMNS}, ({history}), ({listings}) FROM properties WHERE id = $1 AND deleted_at IS NULL"
        );
        let rows = self.query(&sql, &[id.into()]).await?;
        let row = rows.first().ok_or_else(|| not_found(id))?;
        let history: Vec<(i32, i64)> = list(row.text(12)?)?;
        Ok(PropertyDetails {
            property: property(row)?,
            latitude: row.real(9)?,
            longitude: row.real(10)?,
            history: history.into_iter().map(|(day, price)| PriceEvent { day, price }).collect(),
            listed_by: list(row.text(13)?)?,
        })
    }
}

fn list<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, Failure> {
    serde_json::from_str(json)
        .map_err(|error| Failure::new(FailureKind::Database, format!("{error} in {json}")))
}

pub(super) fn not_found(id: i64) -> Failure {
    Failure::new(FailureKind::NotFound, format!("no property {id}"))
}
