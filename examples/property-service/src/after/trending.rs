use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, Request, Trending},
    market::TODAY,
};
use std::sync::Arc;

impl After {
    pub(super) async fn trending(&self) -> Result<Body, Failure> {
        let ids = self.regions.trending.get_or_load("week", |_| self.load_trending());
        let ids = loaded(ids.await)?;
        let mut properties = Vec::with_capacity(ids.len());
        for id in ids.iter() {
            properties.push(self.details(*id).await?.property.clone());
        }
        Ok(Body::Trending(Arc::new(Trending { properties })))
    }

    /// The most viewed of the last week. Only ids are kept: a new price changes no rank, and each home is cached by itself.
    async fn load_trending(&self) -> Result<Vec<i64>, Failure> {
        let sql = format!(
            "SELECT id FROM properties JOIN \
             (SELECT property_id, SUM(views) AS seen FROM property_views WHERE day > $1 GROUP BY property_id) most \
             ON most.property_id = id WHERE deleted_at IS NULL ORDER BY seen DESC, id LIMIT {}",
            Request::PAGE_SIZE
        );
        let rows = self.query(&sql, &[(TODAY - 7).into()]).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }
}
