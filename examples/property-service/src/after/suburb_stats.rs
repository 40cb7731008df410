use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, FailureKind, SuburbStats},
    market::TODAY,
};
use mainstay_cache::tags;

impl After {
    pub(super) async fn suburb_stats(&self, locality_id: u32) -> Result<Body, Failure> {
        let stats = self.regions.suburbs.get_or_load_borrowed(&locality_id, |cx| async move {
            cx.tag(tags::suburb(locality_id));
            self.load_stats(locality_id).await
        });
        loaded(stats.await).map(Body::SuburbStats)
    }

    async fn load_stats(&self, locality_id: u32) -> Result<SuburbStats, Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("no property in locality {locality_id}"));
        // Two walks through (locality_id, price), one look a home into (property_id, day).
        let rows = self
            .query(
                "SELECT COUNT(*), MIN(price), MAX(price), \
                 (SELECT COUNT(*) FROM properties p JOIN price_history h ON h.property_id = p.id \
                  WHERE p.locality_id = $1 AND p.deleted_at IS NULL AND h.day > $2), \
                 (SELECT price FROM properties WHERE locality_id = $1 AND deleted_at IS NULL ORDER BY price LIMIT 1 \
                  OFFSET (SELECT (COUNT(*) - 1) / 2 FROM properties WHERE locality_id = $1 AND deleted_at IS NULL)) \
                 FROM properties WHERE locality_id = $1 AND deleted_at IS NULL",
                &[locality_id.into(), (TODAY - 365).into()],
            )
            .await?;
        let row = rows.first().filter(|row| row.int(0).is_ok_and(|homes| homes > 0)).ok_or_else(missing)?;
        Ok(SuburbStats {
            locality_id,
            properties: row.narrow(0)?,
            lowest: row.int(1)?,
            median: row.int(4)?,
            highest: row.int(2)?,
            sales_last_year: row.narrow(3)?,
        })
    }
}
