use super::{property::not_found, side::After};
use crate::{
    domain::{Body, Failure},
    market::TODAY,
    store::Connection,
};
use mainstay_cache::{invalidators::InvalidationPlan, tags};

impl After {
    /// Writes, then invalidates every answer that showed the old price, then says that it is done.
    pub(super) async fn update_price(&self, id: i64, price: i64) -> Result<Body, Failure> {
        let (version, locality_id) = self.write_price(id, price).await?;
        // Nobody waits for Redis to acknowledge: what cannot be delivered is queued and delivered first when it is back.
        let _ = price_changed(id, locality_id).apply(&self.cache).await;
        Ok(Body::Updated { id, version })
    }

    async fn write_price(&self, id: i64, price: i64) -> Result<(i64, u32), Failure> {
        let mut lease = self.pools.writer().await?;
        let mut connection = lease.borrow();
        // IMMEDIATE takes SQLite's write lock at once instead of failing to upgrade to it later.
        let begin = if matches!(connection, Connection::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN" };
        connection.execute(begin, &[]).await?;
        // Left early, by an error or by a caller who goes away, the pool rolls back before the next one gets the connection.
        let updated = self
            .log
            .query(
                &mut connection,
                "UPDATE properties SET price = $1, version = version + 1 \
                 WHERE id = $2 AND deleted_at IS NULL RETURNING version, locality_id",
                &[price.into(), id.into()],
            )
            .await?;
        let row = updated.first().ok_or_else(|| not_found(id))?;
        let written = (row.int(0)?, row.narrow(1)?);
        self.log
            .execute(
                &mut connection,
                "INSERT INTO price_history (property_id, day, price) VALUES ($1, $2, $3)",
                &[id.into(), TODAY.into(), price.into()],
            )
            .await?;
        connection.execute("COMMIT", &[]).await?;
        Ok(written)
    }
}

/// Its page, its suburb's lists and statistics, the searches that show it, and what trends if it does.
fn price_changed(id: i64, locality_id: u32) -> InvalidationPlan {
    InvalidationPlan::new().key("property", &id).tag(tags::suburb(locality_id)).tag(tags::property(id))
}
