use super::side::Before;
use crate::domain::{Body, Failure, FailureKind, SuburbStats};
use crate::market::TODAY;
use std::sync::Arc;

impl Before {
    pub(super) async fn suburb_stats(&self, locality_id: u32) -> Result<Body, Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("no property in locality {locality_id}"));
        let spread = self
            .query(
                "SELECT COUNT(*), MIN(price), MAX(price) FROM properties \
                 WHERE locality_id = $1 AND deleted_at IS NULL",
                &[locality_id.into()],
            )
            .await?;
        let spread = spread.first().ok_or_else(missing)?;
        let properties = spread.int(0)?;
        if properties == 0 {
            return Err(missing());
        }
        let median = self
            .query(
                "SELECT price FROM properties WHERE locality_id = $1 AND deleted_at IS NULL \
                 ORDER BY price LIMIT 1 OFFSET $2",
                &[locality_id.into(), ((properties - 1) / 2).into()],
            )
            .await?;
        let sales = self
            .query(
                "SELECT COUNT(*) FROM price_history h JOIN properties p ON p.id = h.property_id \
                 WHERE p.locality_id = $1 AND p.deleted_at IS NULL AND h.day > $2",
                &[locality_id.into(), (TODAY - 365).into()],
            )
            .await?;
        Ok(Body::SuburbStats(Arc::new(SuburbStats {
            locality_id,
            properties: spread.narrow(0)?,
            lowest: spread.int(1)?,
            median: median.first().ok_or_else(missing)?.int(0)?,
            highest: spread.int(2)?,
            sales_last_year: sales.first().ok_or_else(missing)?.narrow(0)?,
        })))
    }
}
