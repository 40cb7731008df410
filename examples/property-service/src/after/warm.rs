use super::side::After;
use crate::{
    domain::{Failure, Filter, PageRef, Request, Service, SortOrder},
    market::TODAY,
    store::{Row, StoreError, Value},
};
use futures::{StreamExt, TryStreamExt, stream};

/// Requests under way at once while warming.
const CONCURRENCY: usize = 8;

impl After {
    /// Asks what people will ask first, by the database's own records: the most viewed homes, the suburbs they are in,
    /// and what trends. Answers how many requests that made.
    ///
    /// # Errors
    ///
    /// The first request that failed.
    pub async fn warm(&self, homes: usize) -> Result<usize, Failure> {
        let requests = self.popular(homes).await?;
        let made = requests.len();
        stream::iter(requests)
            .map(|request| async move { self.handle(&request).await.map(drop) })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        Ok(made)
    }

    async fn popular(&self, homes: usize) -> Result<Vec<Request>, Failure> {
        let week = Value::from(TODAY - 7);
        let viewed = self
            .ranked(
                "SELECT property_id FROM property_views WHERE day > $1 \
                 GROUP BY property_id ORDER BY SUM(views) DESC, property_id LIMIT $2",
                &[week.clone(), Value::Int(homes as i64)],
                |row| row.int(0),
            )
            .await?;
        let suburbs: Vec<u32> = self
            .ranked(
                "SELECT locality_id FROM property_views v JOIN properties p ON p.id = v.property_id WHERE day > $1 \
                 GROUP BY locality_id ORDER BY SUM(views) DESC, locality_id LIMIT $2",
                &[week, Value::Int(homes as i64 / 8)],
                |row| row.narrow(0),
            )
            .await?;
        let mut requests = vec![Request::Trending];
        requests.extend(viewed.into_iter().map(|id| Request::Property { id }));
        for locality_id in suburbs {
            requests.push(Request::SuburbStats { locality_id });
            requests.extend([SortOrder::PriceAscending, SortOrder::PriceDescending].map(|sort| {
                let page = PageRef { number: 1, cursor: None };
                Request::List { locality_id, filter: Filter::default(), sort, page }
            }));
        }
        Ok(requests)
    }

    async fn ranked<T>(
        &self,
        sql: &str,
        binds: &[Value],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.query(sql, binds).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}
