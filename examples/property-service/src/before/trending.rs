use super::side::Before;
use crate::domain::{Body, Failure, Request, Trending};
use crate::market::TODAY;
use crate::store::property;
use std::sync::Arc;

impl Before {
    /// The most viewed of the last week.
    pub(super) async fn trending(&self) -> Result<Body, Failure> {
        let sql = format!(
            "SELECT p.* FROM property_views v JOIN properties p ON p.id = v.property_id \
             WHERE v.day > $1 AND p.deleted_at IS NULL \
             GROUP BY p.id ORDER BY SUM(v.views) DESC, p.id LIMIT {}",
            Request::PAGE_SIZE
        );
        let rows = self.query(&sql, &[(TODAY - 7).into()]).await?;
        let properties = rows.iter().map(property).collect::<Result<_, _>>()?;
        Ok(Body::Trending(Arc::new(Trending { properties })))
    }
}
