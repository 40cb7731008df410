use super::{
    BaseQuery, KeysetError, Order, Position,
    order::{ColumnType, INEXACT, KeyColumn, Nulls},
    predicate::{branches, row_sql, test_sql},
};
use crate::{
    Dialect,
    indexes::{Build, IndexDefinition, IndexKey},
};

/// An order in a dialect: makes the query of any page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyset {
    dialect: Dialect,
    order: Order,
}

/// How a page's query says where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// It starts at an end: nothing to say.
    FromEnd,
    /// One comparison: `(a, id) > ($1, $2)`.
    Row,
    /// One range of the index for each run of rows, joined by `UNION ALL`.
    Split,
}

/// A page's query: its text, its binds, and how to read its rows.
///
/// After the base query's own columns a row has, for each order column, `keyset_1` (the value, to sort by) and
/// `keyset_1_text` (its text, for a cursor).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    pub(super) sql: String,
    pub(super) binds: Vec<String>,
    pub(super) form: Form,
    pub(super) key_columns: Vec<String>,
    pub(super) position: Position,
    pub(super) size: usize,
}

impl PageQuery {
    /// The text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What to bind after the base query's own binds, in order, all of it as text.
    #[must_use]
    pub fn binds(&self) -> &[String] {
        &self.binds
    }

    /// How it says where the page starts.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The columns of a row that hold its order columns' text: `keyset_1_text` and so on.
    #[must_use]
    pub fn key_columns(&self) -> &[String] {
        &self.key_columns
    }
}

impl Keyset {
    /// Pages in this order, written for this database.
    #[must_use]
    pub fn new(dialect: Dialect, order: Order) -> Self {
        Self { dialect, order }
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The query of the page of at most `size` rows that starts at `position`. It asks for one row more, to know whether
    /// the list goes on.
    ///
    /// # Errors
    ///
    /// [`KeysetError`] if `size` is 0, the position belongs to another order, or the base query cannot be extended.
    pub fn page(&self, base: &BaseQuery, position: &Position, size: u32) -> Result<PageQuery, KeysetError> {
        if size == 0 {
            return Err(KeysetError::EmptyPage);
        }
        let taken = base.binds(self.dialect)?;
        let reversed;
        let order = if position.is_backward() {
            reversed = self.order.reversed(self.dialect);
            &reversed
        } else {
            &self.order
        };
        let (bounds, binds) = self.bounds(position, taken)?;
        let (form, conditions) = self.conditions(order, position, &bounds)?;
        let sql = self.text(base, order, &conditions, u64::from(size) + 1);
        let key_columns = (1..=order.columns().len()).map(|at| format!("keyset_{at}_text")).collect();
        Ok(PageQuery { sql, binds, form, key_columns, position: position.clone(), size: size as usize })
    }

    /// The index that serves this order both ways, for lists of `table` filtered by equality on `filters`.
    #[must_use]
    pub fn index(&self, table: &str, filters: &[&str]) -> IndexDefinition {
        let filtered = filters.iter().fold(IndexDefinition::on(table), |index, column| index.column(*column));
        let ordered = self.order.columns().iter().filter(|column| !filters.contains(&column.name.as_str()));
        ordered.fold(filtered, |index, column| index.key(self.index_key(column)))
    }

    /// The statement that makes [`Keyset::index`], concurrently where the database can.
    #[must_use]
    pub fn index_ddl(&self, table: &str, filters: &[&str]) -> String {
        self.index(table, filters).create_sql(self.dialect, Build::Concurrent)
    }

    fn index_key(&self, column: &KeyColumn) -> IndexKey {
        let key = IndexKey::column(&column.name).direction(column.direction);
        match column.nulls {
            Nulls::At(position) => key.nulls(position),
            Nulls::Never | Nulls::AsDatabase => key,
        }
    }

    /// Each of the position's values as SQL (a NULL has none), and what to bind for them.
    fn bounds(
        &self,
        position: &Position,
        taken: usize,
    ) -> Result<(Vec<Option<String>>, Vec<String>), KeysetError> {
        let sign = if self.dialect == Dialect::Postgres { '$' } else { '?' };
        let (mut bounds, mut binds) = (Vec::new(), Vec::new());
        for (column, value) in self.order.columns().iter().zip(position.values().unwrap_or_default()) {
            let is_float = matches!(column.kind, ColumnType::Float | ColumnType::Numeric);
            if is_float && value.as_deref() == Some(INEXACT) {
                return Err(KeysetError::Inexact { column: column.name.clone() });
            }
            bounds.push(value.as_ref().map(|text| {
                binds.push(text.clone());
                column.kind.value_of(self.dialect, &format!("{sign}{}", taken + binds.len()))
            }));
        }
        Ok((bounds, binds))
    }

    /// The conditions whose rows, one after the other, make up what follows the position.
    fn conditions(
        &self,
        order: &Order,
        position: &Position,
        bounds: &[Option<String>],
    ) -> Result<(Form, Vec<Option<String>>), KeysetError> {
        let Some(values) = position.values() else { return Ok((Form::FromEnd, vec![None])) };
        let branches = branches(order, self.dialect, values)?;
        if self.compares_as_row(order) {
            let bounds: Vec<String> = bounds.iter().flatten().cloned().collect();
            return Ok((Form::Row, vec![Some(row_sql(order, self.dialect, &bounds))]));
        }
        let conditions = branches.iter().map(|branch| {
            let tests = order.columns().iter().zip(bounds).zip(branch);
            let tests =
                tests.map(|((column, bound), test)| test_sql(column, self.dialect, *test, bound.as_deref()));
            Some(tests.collect::<Vec<_>>().join(" AND "))
        });
        Ok((Form::Split, conditions.collect()))
    }

    fn compares_as_row(&self, order: &Order) -> bool {
        let [.., last] = order.columns() else { return false };
        // An integer tiebreak is often SQLite's rowid, and a comparison of rows does not seek by that one.
        let may_be_rowid = self.dialect == Dialect::Sqlite && last.kind == ColumnType::Integer;
        order.compares_as_row() && (order.columns().len() == 1 || !may_be_rowid)
    }

    /// Sorting goes by the aliases `keyset_n`: a bare column name in `ORDER BY` means an *output* column first, and a base
    /// query that selects `upper(name) AS name` would be sorted by that.
    fn text(&self, base: &BaseQuery, order: &Order, conditions: &[Option<String>], limit: u64) -> String {
        let mut columns = base.columns.clone();
        let mut terms = Vec::new();
        for (at, column) in (1..).zip(order.columns()) {
            let name = column.sql(self.dialect);
            let text = column.kind.to_text(self.dialect, &name);
            columns += &format!(", {name} AS keyset_{at}, {text} AS keyset_{at}_text");
            terms.push(column.order_term(self.dialect, &format!("keyset_{at}")));
        }
        let filters: Vec<String> = base.filters.iter().map(|filter| format!("({filter})")).collect();
        let tail = format!(" ORDER BY {} LIMIT {limit}", terms.join(", "));
        let selects: Vec<String> = conditions
            .iter()
            .map(|condition| {
                let all: Vec<&str> = filters.iter().chain(condition).map(String::as_str).collect();
                let filter =
                    if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) };
                format!("SELECT {columns} FROM {}{filter}", base.from)
            })
            .collect();
        match (selects.as_slice(), self.dialect) {
            ([only], _) => format!("{only}{tail}"),
            (many, Dialect::Postgres) => {
                let bounded: Vec<String> = many.iter().map(|select| format!("({select}{tail})")).collect();
                format!("{}{tail}", bounded.join(" UNION ALL "))
            }
            // SQLite merges the runs as they are read and stops at the limit; one of their own costs a sort each.
            (many, Dialect::Sqlite) => format!("{}{tail}", many.join(" UNION ALL ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyset(dialect: Dialect, first: KeyColumn) -> Keyset {
        Keyset::new(dialect, Order::new([first, KeyColumn::asc("id", ColumnType::Integer).unique()]).unwrap())
    }

    fn after(values: &[Option<&str>]) -> Position {
        Position::After(values.iter().map(|value| value.map(String::from)).collect())
    }

    #[test]
    fn rows_are_compared_where_rows_can_be() {
        let base = BaseQuery::new("id", "t").filter("x = $1 OR y = $2");
        let price = KeyColumn::asc("price", ColumnType::Integer);
        let query = keyset(Dialect::Postgres, price.clone())
            .page(&base, &after(&[Some("5"), Some("9")]), 20)
            .unwrap();
        assert_eq!(query.form(), Form::Row);
        assert_eq!(query.binds(), ["5", "9"]);
        assert_eq!(
            query.sql(),
            "SELECT id, \"price\" AS keyset_1, CAST(\"price\" AS text) AS keyset_1_text, \"id\" AS keyset_2, \
             CAST(\"id\" AS text) AS keyset_2_text FROM t WHERE (x = $1 OR y = $2) AND (\"price\", \"id\") > \
             (CAST(CAST($3 AS text) AS bigint), CAST(CAST($4 AS text) AS bigint)) ORDER BY keyset_1, keyset_2 LIMIT 21"
        );
        let split = [
            keyset(Dialect::Postgres, price.clone().nullable()),
            keyset(Dialect::Postgres, KeyColumn::desc("price", ColumnType::Integer)),
            keyset(Dialect::Sqlite, price),
        ];
        let base = BaseQuery::new("id", "t");
        for keyset in split {
            let query = keyset.page(&base, &after(&[Some("5"), Some("9")]), 20).unwrap();
            assert_eq!(query.form(), Form::Split, "{}", query.sql());
            assert!(!query.sql().contains(" OR "), "{}", query.sql());
        }
    }

    #[test]
    fn a_null_is_asked_for_and_not_bound() {
        let base = BaseQuery::new("id", "t");
        let keyset = keyset(Dialect::Postgres, KeyColumn::asc("price", ColumnType::Integer).nullable());
        let query = keyset.page(&base, &after(&[None, Some("9")]), 2).unwrap();
        assert_eq!(query.binds(), ["9"]);
        assert!(
            query.sql().contains(r#"WHERE "price" IS NULL AND "id" > CAST(CAST($1 AS text) AS bigint)"#),
            "{}",
            query.sql()
        );
    }

    #[test]
    fn the_index_has_the_filters_first_and_the_order_after() {
        let keyset = keyset(Dialect::Postgres, KeyColumn::desc("price", ColumnType::Integer).nulls_last());
        assert_eq!(
            keyset.index_ddl("properties", &["suburb"]),
            r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "properties_suburb_price_desc_id_idx" ON "properties" ("suburb", "price" DESC NULLS LAST, "id")"#
        );
    }
}
