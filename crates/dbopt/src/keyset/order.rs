use super::KeysetError;
use crate::{
    Dialect,
    indexes::{Direction, NullsPosition},
};

/// A column's type, as far as its values must travel as text and come back the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// Any integer: `smallint` to `bigint`, SQLite `INTEGER`.
    Integer,
    /// `real`, `double precision`, SQLite `REAL`. SQLite's text is exact for magnitudes from 1e-5 to 1e15; a float beyond
    /// that its text would change is refused ([`KeysetError::Inexact`]), not rounded.
    Float,
    /// `numeric`, SQLite `NUMERIC`.
    Numeric,
    /// `text`, `varchar`, SQLite `TEXT`; compared by the column's own collation.
    Text,
    /// `boolean`; an integer on SQLite.
    Boolean,
    /// `date`; text on SQLite.
    Date,
    /// `timestamp`; text on SQLite.
    Timestamp,
    /// `timestamptz`; text on SQLite.
    TimestampTz,
    /// `uuid`; text on SQLite.
    Uuid,
    /// Any other PostgreSQL type, an enum say, written into the SQL as it stands; text on SQLite.
    Other(&'static str),
}

/// Stands for a float that SQLite cannot write as text and read back.
pub(super) const INEXACT: &str = "inexact";

impl ColumnType {
    fn postgres(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Float => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamptz",
            Self::Uuid => "uuid",
            Self::Other(name) => name,
        }
    }

    fn sqlite(self) -> &'static str {
        match self {
            Self::Integer | Self::Boolean => "INTEGER",
            Self::Float => "REAL",
            Self::Numeric => "NUMERIC",
            _ => "TEXT",
        }
    }

    /// The value of `term` as text that [`ColumnType::value_of`] turns back into the same value.
    pub(crate) fn to_text(self, dialect: Dialect, term: &str) -> String {
        match (dialect, self) {
            (Dialect::Postgres, _) => format!("CAST({term} AS text)"),
            // A plain CAST keeps 15 digits: the page would start again at the row it ended with, or skip one. Even with 17
            // SQLite's own conversions are off by a digit for very large and very small numbers, so it is asked.
            (Dialect::Sqlite, Self::Float | Self::Numeric) => {
                let (name, digits) = (self.sqlite(), format!("printf('%!.17g', {term})"));
                format!(
                    "CASE WHEN typeof({term}) <> 'real' THEN CAST({term} AS TEXT) \
                     WHEN abs({term}) = 9e999 OR CAST({digits} AS {name}) = {term} THEN {digits} ELSE '{INEXACT}' END"
                )
            }
            (Dialect::Sqlite, _) => format!("CAST({term} AS TEXT)"),
        }
    }

    /// The bound text `bind` as a value of this type. PostgreSQL is told that the bind itself is text, so that a driver
    /// that asks the server for parameter types sends text too.
    pub(crate) fn value_of(self, dialect: Dialect, bind: &str) -> String {
        match (dialect, self) {
            (Dialect::Postgres, Self::Text) => format!("CAST({bind} AS text)"),
            (Dialect::Postgres, _) => format!("CAST(CAST({bind} AS text) AS {})", self.postgres()),
            (Dialect::Sqlite, Self::Float | Self::Numeric) => {
                let name = self.sqlite();
                // SQLite prints infinities and does not read them.
                format!(
                    "CASE {bind} WHEN 'Inf' THEN 9e999 WHEN '-Inf' THEN -9e999 ELSE CAST({bind} AS {name}) END"
                )
            }
            (Dialect::Sqlite, _) => format!("CAST({bind} AS {})", self.sqlite()),
        }
    }
}

/// Whether a column may be NULL, and where NULLs then stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Nulls {
    /// The column is NOT NULL.
    Never,
    /// It may be NULL, and NULLs stand where the database puts them: PostgreSQL takes NULL for the largest value, SQLite
    /// for the smallest.
    AsDatabase,
    /// It may be NULL, and NULLs stand here.
    At(NullsPosition),
}

/// One column of an order: NOT NULL and not unique, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyColumn {
    pub(crate) qualifier: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
    pub(crate) direction: Direction,
    pub(crate) nulls: Nulls,
    pub(crate) unique: bool,
}

impl KeyColumn {
    /// A column, smallest value first.
    #[must_use]
    pub fn asc(name: impl Into<String>, kind: ColumnType) -> Self {
        Self {
            qualifier: None,
            name: name.into(),
            kind,
            direction: Direction::Ascending,
            nulls: Nulls::Never,
            unique: false,
        }
    }

    /// A column, largest value first.
    #[must_use]
    pub fn desc(name: impl Into<String>, kind: ColumnType) -> Self {
        Self { direction: Direction::Descending, ..Self::asc(name, kind) }
    }

    /// Names the table or alias it belongs to, for a base query that joins.
    #[must_use]
    pub fn of(mut self, table: impl Into<String>) -> Self {
        self.qualifier = Some(table.into());
        self
    }

    /// Says that it may be NULL; NULLs stand where the database puts them.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nulls = Nulls::AsDatabase;
        self
    }

    /// Says that it may be NULL, and that NULLs come first.
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        self.nulls = Nulls::At(NullsPosition::First);
        self
    }

    /// Says that it may be NULL, and that NULLs come last.
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        self.nulls = Nulls::At(NullsPosition::Last);
        self
    }

    /// Says that no two rows agree in this column and all before it: the tiebreak every order must end in.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    pub(crate) fn sql(&self, dialect: Dialect) -> String {
        let name = dialect.quote(&self.name);
        match &self.qualifier {
            Some(table) => format!("{}.{name}", dialect.quote(table)),
            None => name,
        }
    }

    /// Where NULLs stand, if there can be any.
    pub(crate) fn nulls_position(&self, dialect: Dialect) -> Option<NullsPosition> {
        match self.nulls {
            Nulls::Never => None,
            Nulls::AsDatabase => Some(default_position(dialect, self.direction)),
            Nulls::At(position) => Some(position),
        }
    }

    /// Its `ORDER BY` term, with `column` standing for the column. A NULLS clause is written only where it changes the
    /// order: on a NOT NULL column PostgreSQL would no longer see that an index has it.
    pub(crate) fn order_term(&self, dialect: Dialect, column: &str) -> String {
        let direction = if self.direction == Direction::Descending { " DESC" } else { "" };
        let nulls = match self.nulls_position(dialect) {
            Some(position) if position != default_position(dialect, self.direction) => match position {
                NullsPosition::First => " NULLS FIRST",
                NullsPosition::Last => " NULLS LAST",
            },
            _ => "",
        };
        format!("{column}{direction}{nulls}")
    }

    fn reversed(&self, dialect: Dialect) -> Self {
        let nulls = match self.nulls_position(dialect) {
            None => Nulls::Never,
            Some(NullsPosition::First) => Nulls::At(NullsPosition::Last),
            Some(NullsPosition::Last) => Nulls::At(NullsPosition::First),
        };
        Self { direction: self.direction.reversed(), nulls, ..self.clone() }
    }
}

fn default_position(dialect: Dialect, direction: Direction) -> NullsPosition {
    match (dialect, direction) {
        (Dialect::Postgres, Direction::Ascending) | (Dialect::Sqlite, Direction::Descending) => {
            NullsPosition::Last
        }
        (Dialect::Postgres, Direction::Descending) | (Dialect::Sqlite, Direction::Ascending) => {
            NullsPosition::First
        }
    }
}

/// A total order of a list's rows: columns, ending in a unique NOT NULL one.
///
/// ```
/// use mainstay_dbopt::keyset::{ColumnType, KeyColumn, KeysetError, Order};
///
/// let price = KeyColumn::desc("price", ColumnType::Integer).nullable();
/// assert!(matches!(Order::new([price.clone()]), Err(KeysetError::NoTiebreak { .. })));
/// let order = Order::new([price, KeyColumn::asc("id", ColumnType::Integer).unique()]);
/// assert!(order.is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    columns: Vec<KeyColumn>,
}

/// More would not fit a cursor's count, and no index serves as many.
const MOST_COLUMNS: usize = 16;

impl Order {
    /// An order by these columns, the first deciding first.
    ///
    /// # Errors
    ///
    /// [`KeysetError`] if rows could tie on the whole of it, or a column decides nothing.
    pub fn new(columns: impl IntoIterator<Item = KeyColumn>) -> Result<Self, KeysetError> {
        let columns: Vec<KeyColumn> = columns.into_iter().collect();
        let Some((last, before)) = columns.split_last() else { return Err(KeysetError::NoColumns) };
        if columns.len() > MOST_COLUMNS {
            return Err(KeysetError::TooManyColumns { columns: columns.len(), max: MOST_COLUMNS });
        }
        if let Some(at) = before.iter().position(|column| column.unique) {
            let (tiebreak, column) = (columns[at].name.clone(), columns[at + 1].name.clone());
            return Err(KeysetError::AfterTiebreak { tiebreak, column });
        }
        if !last.unique {
            return Err(KeysetError::NoTiebreak { column: last.name.clone() });
        }
        if last.nulls != Nulls::Never {
            return Err(KeysetError::NullableTiebreak { column: last.name.clone() });
        }
        for (at, column) in columns.iter().enumerate() {
            if columns[..at]
                .iter()
                .any(|other| (&other.qualifier, &other.name) == (&column.qualifier, &column.name))
            {
                return Err(KeysetError::Repeated { column: column.name.clone() });
            }
        }
        Ok(Self { columns })
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &[KeyColumn] {
        &self.columns
    }

    /// The same rows from the other end.
    pub(crate) fn reversed(&self, dialect: Dialect) -> Self {
        Self { columns: self.columns.iter().map(|column| column.reversed(dialect)).collect() }
    }

    /// Whether one comparison of rows tells what follows: SQL's rows know neither NULLs nor two directions.
    pub(crate) fn compares_as_row(&self) -> bool {
        let direction = self.columns[0].direction;
        self.columns.iter().all(|column| column.nulls == Nulls::Never && column.direction == direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> KeyColumn {
        KeyColumn::asc(name, ColumnType::Integer)
    }

    #[test]
    fn an_order_that_lets_rows_tie_is_refused() {
        let name = String::from;
        let cases: Vec<(Vec<KeyColumn>, KeysetError)> = vec![
            (vec![], KeysetError::NoColumns),
            (vec![key("a")], KeysetError::NoTiebreak { column: name("a") }),
            (vec![key("a").unique().nullable()], KeysetError::NullableTiebreak { column: name("a") }),
            (
                vec![key("id").unique(), key("a")],
                KeysetError::AfterTiebreak { tiebreak: name("id"), column: name("a") },
            ),
            (vec![key("a"), key("a"), key("id").unique()], KeysetError::Repeated { column: name("a") }),
            (
                (0..17).map(|i| key(&i.to_string())).collect(),
                KeysetError::TooManyColumns { columns: 17, max: MOST_COLUMNS },
            ),
        ];
        for (columns, error) in cases {
            assert_eq!(Order::new(columns), Err(error));
        }
        assert!(Order::new([key("a").of("x"), key("a").of("y").unique()]).is_ok());
    }

    #[test]
    fn a_nulls_clause_appears_only_where_it_changes_the_order() {
        use Dialect::{Postgres, Sqlite};
        let desc = || KeyColumn::desc("a", ColumnType::Integer);
        let cases = [
            (key("a"), "a", "a"),
            (desc(), "a DESC", "a DESC"),
            (key("a").nullable(), "a", "a"),
            (key("a").nulls_last(), "a", "a NULLS LAST"),
            (key("a").nulls_first(), "a NULLS FIRST", "a"),
            (desc().nulls_last(), "a DESC NULLS LAST", "a DESC"),
            (desc().nulls_first(), "a DESC", "a DESC NULLS FIRST"),
        ];
        for (column, postgres, sqlite) in cases {
            assert_eq!(column.order_term(Postgres, "a"), postgres);
            assert_eq!(column.order_term(Sqlite, "a"), sqlite);
            for dialect in [Postgres, Sqlite] {
                let twice = column.reversed(dialect).reversed(dialect);
                assert_eq!(twice.order_term(dialect, "a"), column.order_term(dialect, "a"));
            }
        }
    }
}
