use serde::{Deserialize, Serialize};

/// The database a text is read or written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL 13 or newer.
    Postgres,
    /// SQLite 3.30 or newer (the first with `NULLS FIRST`).
    Sqlite,
}

impl Dialect {
    /// Quotes an identifier, so that any name is taken as it stands.
    ///
    /// SQLite gets backticks: it reads `"prise"` as the *string* `'prise'` where no such column exists, and a misspelt
    /// order column would silently sort by a constant.
    ///
    /// ```
    /// use mainstay_dbopt::Dialect;
    ///
    /// assert_eq!(Dialect::Postgres.quote(r#"say "hi""#), r#""say ""hi""""#);
    /// assert_eq!(Dialect::Sqlite.quote("order"), "`order`");
    /// ```
    #[must_use]
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Sqlite => format!("`{}`", name.replace('`', "``")),
        }
    }

    pub(crate) fn parser(self) -> Box<dyn sqlparser::dialect::Dialect> {
        match self {
            Self::Postgres => Box::new(sqlparser::dialect::PostgreSqlDialect {}),
            Self::Sqlite => Box::new(sqlparser::dialect::SQLiteDialect {}),
        }
    }
}
