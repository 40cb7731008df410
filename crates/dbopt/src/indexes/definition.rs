use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which end of a column comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Where NULLs stand among the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum NullsPosition {
    /// Before every value.
    First,
    /// After every value.
    Last,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexKey {
    /// A column's name, or an expression's SQL.
    pub term: String,
    /// Whether `term` is an expression: it is then written as it stands, and a column's name is quoted.
    pub expression: bool,
    /// The key's direction.
    pub direction: Direction,
    /// Where NULLs stand; `None` is the database's own choice.
    pub nulls: Option<NullsPosition>,
    /// A PostgreSQL operator class such as `gin_trgm_ops`, written as it stands.
    pub operator_class: Option<String>,
}

impl IndexKey {
    /// An ascending key on a column.
    #[must_use]
    pub fn column(name: impl Into<String>) -> Self {
        let (direction, nulls, operator_class) = (Direction::Ascending, None, None);
        Self { term: name.into(), expression: false, direction, nulls, operator_class }
    }

    /// An ascending key on an expression, such as `lower(name)`.
    #[must_use]
    pub fn expression(sql: impl Into<String>) -> Self {
        Self { expression: true, ..Self::column(sql) }
    }

    /// Sets the direction; ascending by default.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Says where NULLs stand (PostgreSQL only: SQLite's indexes have no such clause and leave it out).
    #[must_use]
    pub fn nulls(mut self, position: NullsPosition) -> Self {
        self.nulls = Some(position);
        self
    }

    /// Sets the operator class (PostgreSQL only).
    #[must_use]
    pub fn operator_class(mut self, name: impl Into<String>) -> Self {
        self.operator_class = Some(name.into());
        self
    }
}

/// An index as data: what it covers, whatever the database's grammar for it.
///
/// ```
/// use mainstay_dbopt::{Dialect, indexes::{Build, IndexDefinition}};
///
/// let live = IndexDefinition::on("properties").column("suburb").column("price").only_where("deleted_at IS NULL");
/// assert_eq!(
///     live.create_sql(Dialect::Postgres, Build::Concurrent),
///     r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "properties_suburb_price_where_deleted_at_is_null_idx" ON "properties" ("suburb", "price") WHERE deleted_at IS NULL"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexDefinition {
    /// The schema (PostgreSQL) or attached database (SQLite) the table lives in.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// A name of the user's own; see [`IndexDefinition::name`].
    pub given_name: Option<String>,
    /// The access method, PostgreSQL only; `None` is a btree.
    pub method: Option<String>,
    /// The keys, in order.
    pub keys: Vec<IndexKey>,
    /// Columns carried along, so that a query finds them without visiting the table.
    pub include: Vec<String>,
    /// The rows it holds (a partial index), written as it stands.
    pub predicate: Option<String>,
    /// Whether equal keys are refused.
    pub unique: bool,
}

impl IndexDefinition {
    /// An index on a table, to be given its keys.
    #[must_use]
    pub fn on(table: impl Into<String>) -> Self {
        Self {
            schema: None,
            table: table.into(),
            given_name: None,
            method: None,
            keys: Vec::new(),
            include: Vec::new(),
            predicate: None,
            unique: false,
        }
    }

    /// Names the schema the table lives in; the search path by default.
    #[must_use]
    pub fn in_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Adds an ascending key on a column.
    #[must_use]
    pub fn column(self, name: impl Into<String>) -> Self {
        self.key(IndexKey::column(name))
    }

    /// Adds a descending key on a column.
    #[must_use]
    pub fn column_desc(self, name: impl Into<String>) -> Self {
        self.key(IndexKey::column(name).direction(Direction::Descending))
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, key: IndexKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Adds a column to carry along (a covering index). SQLite has no `INCLUDE`: there it becomes a last key.
    #[must_use]
    pub fn include(mut self, name: impl Into<String>) -> Self {
        self.include.push(name.into());
        self
    }

    /// Makes it a partial index, over the rows where `predicate` holds; the SQL is written as it stands.
    #[must_use]
    pub fn only_where(mut self, predicate: impl Into<String>) -> Self {
        self.predicate = Some(predicate.into());
        self
    }

    /// Sets the access method, such as `gin` (PostgreSQL only); a btree by default.
    #[must_use]
    pub fn using(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Refuses equal keys; off by default.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Gives it a name; by default one is made from what it covers.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.given_name = Some(name.into());
        self
    }

    /// Its name: the one given, or one that tells table, keys, included columns and predicate, cut to PostgreSQL's 63
    /// bytes with a digest of the whole.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some(name) = &self.given_name {
            return name.clone();
        }
        let mut words = vec![plain(&self.table)];
        words.extend(self.method.as_deref().map(plain));
        for key in &self.keys {
            words.push(plain(&key.term));
            if key.direction == Direction::Descending {
                words.push("desc".into());
            }
        }
        if !self.include.is_empty() {
            words.push("with".into());
            words.extend(self.include.iter().map(|name| plain(name)));
        }
        if let Some(predicate) = &self.predicate {
            words.push("where".into());
            words.push(plain(predicate));
        }
        words.push(if self.unique { "key" } else { "idx" }.into());
        bounded(&words.join("_"))
    }
}

/// Longer names are cut by PostgreSQL with no more than a notice, and two of them may then be one.
const LONGEST_NAME: usize = 63;

fn bounded(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.into();
    }
    let digest = Sha256::digest(name.as_bytes());
    let tail = format!("_{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    format!("{}{tail}", &name[..LONGEST_NAME - tail.len()])
}

/// ASCII words joined by underscores, so that cutting by bytes never splits a character.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_the_index_covers() {
        let index =
            IndexDefinition::on("t").column("a").column_desc("b").include("c").only_where("d IS NULL");
        assert_eq!(index.name(), "t_a_b_desc_with_c_where_d_is_null_idx");
        assert_eq!(index.unique().named("mine").name(), "mine");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long =
            |last: &str| IndexDefinition::on("é".repeat(40)).column("x".repeat(70)).column(last).name();
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a").len(), LONGEST_NAME);
    }
}
