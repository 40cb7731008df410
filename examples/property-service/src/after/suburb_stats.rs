use super::{
    regions::suburb_tag,
    side::{After, loaded},
};
use crate::{
    domain::{Body, Failure, FailureKind, SuburbStats},
    market::TODAY,
};

impl After {
    pub(super) async fn suburb_stats(&self, locality_id: u32) -> Result<Body, Failure> {
        let stats = self.regions.suburbs.get_or_load(&locality_id, |cx| async move {
            cx.tag(suburb_tag(locality_id));
            self.load_stats(locality_id).await
        });
        loaded(stats.await).map(Body::SuburbStats)
    }

    async fn load_stats(&self, locality_id: u32) -> Result<SuburbStats, Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("no property in locality {locality_id}"));
        // One walk through (locality_id, price), one look a home into (property_id, day).
        let spread = self
            .query(
                "SELECT COUNT(*), MIN(price), MAX(price), \
                 (SELECT COUNT(*) FROM properties p JOIN price_history h ON h.property_id = p.id \
                  WHERE p.locality_id = $1 AND p.deleted_at IS NULL AND h.day > $2) \
                 FROM properties WHERE locality_id = $1 AND deleted_at IS NULL",
                &[locality_id.into(), (TODAY - 365).into()],
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
        Ok(SuburbStats {
            locality_id,
            properties: spread.narrow(0)?,
            lowest: spread.int(1)?,
            median: median.first().ok_or_else(missing)?.int(0)?,
            highest: spread.int(2)?,
            sales_last_year: spread.narrow(3)?,
        })
    }
}
