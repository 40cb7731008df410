use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, Request, Trending},
    market::TODAY,
};
use mainstay_cache::{LoadContext, tags};

impl After {
    pub(super) async fn trending(&self) -> Result<Body, Failure> {
        let trending = self.regions.trending.get_or_load_borrowed("week", |cx| self.compose_trending(cx));
        loaded(trending.await).map(Body::Trending)
    }

    /// A new price changes what is shown but no rank: the ranking is cached by itself, and each home is anyway.
    async fn compose_trending(&self, cx: LoadContext) -> Result<Trending, Failure> {
        let ranking =
            loaded(self.regions.ranking.get_or_load_borrowed("week", |_| self.load_ranking()).await)?;
        let mut properties = Vec::with_capacity(ranking.len());
        for id in ranking.iter() {
            cx.tag(tags::property(*id));
            properties.push(self.details(*id).await?.property.clone());
        }
        Ok(Trending { properties })
    }

    /// The most viewed of the last week, best first.
    async fn load_ranking(&self) -> Result<Vec<i64>, Failure> {
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
