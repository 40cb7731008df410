use super::side::Before;
use crate::domain::{Body, Failure, Filter, Page, PageRef, Request, SortOrder};
use crate::store::{Value, kind_text, property};
use std::sync::Arc;

impl Before {
    pub(super) async fn list(
        &self,
        locality_id: u32,
        filter: &Filter,
        sort: SortOrder,
        page: &PageRef,
    ) -> Result<Body, Failure> {
        let (condition, binds) = condition(locality_id, filter);
        let counted =
            self.query(&format!("SELECT COUNT(*) FROM properties WHERE {condition}"), &binds).await?;
        let total: u64 = counted.first().map_or(Ok(0), |row| row.narrow(0))?;

        let size = Request::PAGE_SIZE as u64;
        let offset = u64::from(page.number.saturating_sub(1)) * size;
        let order = match sort {
            SortOrder::PriceAscending => "price, id",
            SortOrder::PriceDescending => "price DESC, id DESC",
        };
        let select = format!(
            "SELECT * FROM properties WHERE {condition} ORDER BY {order} LIMIT {size} OFFSET ${}",
            binds.len() + 1
        );
        let mut select_binds = binds;
        select_binds.push(Value::Int(offset as i64));
        let rows = self.query(&select, &select_binds).await?;
        Ok(Body::Page(Arc::new(Page {
            items: rows.iter().map(property).collect::<Result<_, _>>()?,
            total: Some(total),
            next: (offset + size < total).then(|| (page.number.max(1) + 1).to_string()),
        })))
    }
}

fn condition(locality_id: u32, filter: &Filter) -> (String, Vec<Value>) {
    let mut condition = "deleted_at IS NULL AND locality_id = $1".to_owned();
    let mut binds = vec![Value::from(locality_id)];
    let mut narrow = |part: &str, bind: Option<Value>| {
        if let Some(bind) = bind {
            binds.push(bind);
            condition.push_str(&format!(" AND {part} ${}", binds.len()));
        }
    };
    narrow("kind =", filter.kind.map(|kind| kind_text(kind).into()));
    narrow("bedrooms >=", filter.min_bedrooms.map(Value::from));
    narrow("price <=", filter.max_price.map(Value::from));
    (condition, binds)
}
