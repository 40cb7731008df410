use serde::{Deserialize, Serialize};

/// One thing that is wrong, what shows it, and the SQL that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's id, as in `query.select-star`.
    pub rule: String,
    /// How much it is likely to hurt.
    pub severity: Severity,
    /// How sure the rule can be from what it was given.
    pub confidence: Confidence,
    /// What it is about: a table, a column, an index.
    pub object: String,
    /// What was seen.
    pub evidence: Evidence,
    /// Why it matters, and what to do where no statement alone can mend it.
    pub why: String,
    /// The statement that mends it, where one can be written from what is known.
    pub fix: Option<Fix>,
    /// The same for the same finding in every run, whatever the text's spacing: what a baseline file lists.
    pub suppress_key: String,
}

/// How much a finding is likely to hurt, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs a little, or only in some plans.
    Low,
    /// Costs more the more rows there are.
    Medium,
    /// Slow now.
    High,
    /// Endangers the service.
    Critical,
}

/// What stands behind a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Confidence {
    /// True in most schemas; an index or a column type that was not seen may make it harmless.
    Heuristic,
    /// Rests on the planner's or the statistics' figures.
    Estimated,
    /// Follows from what was read, whatever the data.
    Proven,
}

/// What a rule saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Evidence {
    /// A part of a query's text.
    QueryText {
        /// The part, as the parser prints it, cut off after 200 characters.
        snippet: String,
        /// Where it starts, if the parser knows.
        place: Option<Place>,
    },
}

/// A place in a text; both numbers count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// One statement that mends a finding, and the one that takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fix {
    /// The statement.
    pub sql: String,
    /// What takes it back.
    pub undo_sql: String,
    /// The strongest lock `sql` holds while it runs.
    pub lock_level: LockLevel,
    /// Whether `sql` may run inside a transaction (`CREATE INDEX CONCURRENTLY` may not).
    pub transactional: bool,
}

/// What a statement keeps others from doing while it runs, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LockLevel {
    /// PostgreSQL `SHARE UPDATE EXCLUSIVE`: reads and writes go on, other schema changes wait.
    ShareUpdateExclusive,
    /// PostgreSQL `SHARE`: reads go on, writes to the table wait.
    Share,
    /// SQLite's one writer: every write to the database waits.
    DatabaseWrite,
}
