use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, FailureKind, Filter, Page, PageRef, Request, SortOrder},
    store::{PROPERTY_COLUMNS, Row, StoreError, Value, kind_text, property},
};
use mainstay_cache::{CacheKeyBuilder, Key, tags};
use mainstay_dbopt::{
    Dialect,
    keyset::{
        BaseQuery, ColumnType, CursorError, KeyColumn, Keyset, KeysetError, ListIdentity, Order, Position,
    },
};

/// Columns of a property row; the order columns of a page follow them, each with its text.
const ROW_COLUMNS: usize = 12;

impl After {
    pub(super) async fn list(
        &self,
        locality_id: u32,
        filter: &Filter,
        sort: SortOrder,
        page: &PageRef,
    ) -> Result<Body, Failure> {
        let key = list_key(locality_id, filter, sort, page);
        let page = self.regions.lists.get_or_load_borrowed(&key, |cx| async move {
            cx.tag(tags::suburb(locality_id));
            self.load_page(locality_id, filter, sort, page).await
        });
        loaded(page.await).map(Body::Page)
    }

    async fn load_page(
        &self,
        locality_id: u32,
        filter: &Filter,
        sort: SortOrder,
        page: &PageRef,
    ) -> Result<Page, Failure> {
        let keyset = Keyset::new(self.dialect, order(sort).map_err(refused)?);
        let identity = ListIdentity::new(keyset.order(), &format!("{locality_id} {filter:?}"), "public");
        let position = match &page.cursor {
            None => Position::Start,
            Some(cursor) => self.cursors.decode(cursor, &identity).map_err(forged)?,
        };
        let (base, mut binds) = base(self.dialect, locality_id, filter);
        let query = keyset.page(&base, &position, Request::PAGE_SIZE as u32).map_err(refused)?;
        binds.extend(query.binds().iter().map(|text| Value::from(text.as_str())));
        let rows = self.query(query.sql(), &binds).await?;
        let page = query.page(rows, key_text)?;
        Ok(Page {
            items: page.rows.iter().map(property).collect::<Result<_, _>>()?,
            total: None,
            next: page.next.map(|next| self.cursors.encode(&next, &identity)).transpose().map_err(forged)?,
        })
    }
}

pub(super) fn list_key(locality_id: u32, filter: &Filter, sort: SortOrder, page: &PageRef) -> Key {
    let list = (locality_id, filter, sort, &page.cursor);
    CacheKeyBuilder::property_list(&list, page.number, Request::PAGE_SIZE as u32)
}

fn order(sort: SortOrder) -> Result<Order, KeysetError> {
    let (price, id) = match sort {
        SortOrder::PriceAscending => {
            (KeyColumn::asc("price", ColumnType::Integer), KeyColumn::asc("id", ColumnType::Integer))
        }
        SortOrder::PriceDescending => {
            (KeyColumn::desc("price", ColumnType::Integer), KeyColumn::desc("id", ColumnType::Integer))
        }
    };
    Order::new([price, id.unique()])
}

fn base(dialect: Dialect, locality_id: u32, filter: &Filter) -> (BaseQuery, Vec<Value>) {
    let sign = if dialect == Dialect::Postgres { '$' } else { '?' };
    let conditions = [
        ("locality_id =", Some(Value::from(locality_id))),
        ("kind =", filter.kind.map(|kind| kind_text(kind).into())),
        ("bedrooms >=", filter.min_bedrooms.map(Value::from)),
        ("price <=", filter.max_price.map(Value::from)),
    ];
    let mut binds = Vec::new();
    let mut base = BaseQuery::new(PROPERTY_COLUMNS, "properties").filter("deleted_at IS NULL");
    for (condition, value) in conditions {
        if let Some(value) = value {
            binds.push(value);
            base = base.filter(format!("{condition} {sign}{}", binds.len()));
        }
    }
    (base, binds)
}

/// The text of `keyset_{n}_text`: behind the property's own columns each order column stands twice, as value and as text.
fn key_text(row: &Row, column: &str) -> Result<Option<String>, StoreError> {
    let nth: usize = column
        .strip_prefix("keyset_")
        .and_then(|rest| rest.strip_suffix("_text"))
        .and_then(|n| n.parse().ok())
        .expect("the names a page query gives its key columns");
    row.text(ROW_COLUMNS + 2 * nth - 1).map(|text| Some(text.to_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn refused(error: KeysetError) -> Failure {
    Failure::new(FailureKind::Database, error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn forged(error: CursorError) -> Failure {
    Failure::new(FailureKind::NotFound, format!("no such page: {error}"))
}
