use super::side::Before;
use crate::domain::{Body, Failure, FailureKind};
use crate::market::TODAY;

impl Before {
    pub(super) async fn update_price(&self, id: i64, price: i64) -> Result<Body, Failure> {
        let mut unit = self.pool.begin().await?;
        let updated = self
            .log
            .query(
                &mut unit.borrow(),
                "UPDATE properties SET price = $1, version = version + 1 \
                 WHERE id = $2 AND deleted_at IS NULL RETURNING version",
                &[price.into(), id.into()],
            )
            .await?;
        let row = updated
            .first()
            .ok_or_else(|| Failure::new(FailureKind::NotFound, format!("no property {id}")))?;
        self.log
            .execute(
                &mut unit.borrow(),
                "INSERT INTO price_history (property_id, day, price) VALUES ($1, $2, $3)",
                &[id.into(), TODAY.into(), price.into()],
            )
            .await?;
        unit.commit().await?;
        Ok(Body::Updated { id, version: row.int(0)? })
    }
}
