use super::super::side::After;
use crate::{
    domain::Failure,
    market::TODAY,
    store::{Row, StoreError, Value},
};

impl After {
    /// The homes most viewed in the last week, with their views.
    pub(super) async fn most_viewed_homes(&self, most: usize) -> Result<Vec<(i64, f64)>, Failure> {
        let sql = "SELECT property_id, CAST(SUM(views) AS bigint) AS seen FROM property_views WHERE day > $1 \
                   GROUP BY property_id ORDER BY seen DESC, property_id LIMIT $2";
        self.most_viewed(sql, most, |row| row.int(0)).await
    }

    /// The suburbs whose homes were most viewed in the last week, with those views.
    pub(super) async fn most_viewed_suburbs(&self, most: usize) -> Result<Vec<(u32, f64)>, Failure> {
        let sql = "SELECT locality_id, CAST(SUM(views) AS bigint) AS seen FROM property_views v JOIN properties p ON p.id = v.property_id \
                   WHERE day > $1 GROUP BY locality_id ORDER BY seen DESC, locality_id LIMIT $2";
        self.most_viewed(sql, most, |row| row.narrow(0)).await
    }

    async fn most_viewed<T>(
        &self,
        sql: &str,
        most: usize,
        id: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<(T, f64)>, Failure> {
        let rows = self.query(sql, &[(TODAY - 7).into(), Value::Int(most as i64)]).await?;
        Ok(rows.iter().map(|row| Ok((id(row)?, row.real(1)?))).collect::<Result<_, StoreError>>()?)
    }
}
