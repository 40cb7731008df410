use super::{
    regions::home_tag,
    side::{After, loaded},
};
use crate::{
    domain::{Body, Failure, Request, Trending},
    market::TODAY,
    store::{PROPERTY_COLUMNS, property},
};
use mainstay_cache::LoadContext;

impl After {
    pub(super) async fn trending(&self) -> Result<Body, Failure> {
        let trending = self.regions.trending.get_or_load("week", |cx| self.load_trending(cx));
        loaded(trending.await).map(Body::Trending)
    }

    /// The most viewed of the last week: found in the views' own index first, and only then looked up.
    async fn load_trending(&self, cx: LoadContext) -> Result<Trending, Failure> {
        let sql = format!(
            "SELECT {PROPERTY_COLUMNS} FROM properties JOIN \
             (SELECT property_id, SUM(views) AS seen FROM property_views WHERE day > $1 GROUP BY property_id) most \
             ON most.property_id = id WHERE deleted_at IS NULL ORDER BY seen DESC, id LIMIT {}",
            Request::PAGE_SIZE
        );
        let rows = self.query(&sql, &[(TODAY - 7).into()]).await?;
        let properties = rows.iter().map(property).collect::<Result<Vec<_>, _>>()?;
        for property in &properties {
            cx.tag(home_tag(property.id));
        }
        Ok(Trending { properties })
    }
}
