use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use super::KeysetError;
use crate::Dialect;

/// The query a list is made of, in parts, since what a page adds belongs in the middle of it.
///
/// Its binds are numbered (`$1` on PostgreSQL, `?1` on SQLite) and come first; a page's own go on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseQuery {
    pub(super) columns: String,
    pub(super) from: String,
    pub(super) filters: Vec<String>,
}

impl BaseQuery {
    /// `SELECT {columns} FROM {from}`, both written as they stand.
    #[must_use]
    pub fn new(columns: impl Into<String>, from: impl Into<String>) -> Self {
        Self { columns: columns.into(), from: from.into(), filters: Vec::new() }
    }

    /// Adds a condition that every row must meet.
    ///
    /// Each is put in parentheses: a page's own condition ANDed onto a bare `a OR b` binds to `b` alone, and rows come
    /// back page after page (blaze-persistence#2133).
    #[must_use]
    pub fn filter(mut self, condition: impl Into<String>) -> Self {
        self.filters.push(condition.into());
        self
    }

    /// The highest bind in use, once every part is known to keep to its place.
    pub(super) fn binds(&self, dialect: Dialect) -> Result<usize, KeysetError> {
        let filters = self.filters.iter().map(|filter| ("filter", filter));
        let parts = [("columns", &self.columns), ("from", &self.from)].into_iter().chain(filters);
        let mut highest = 0;
        for (part, text) in parts {
            highest = highest.max(highest_bind(dialect, part, text)?);
        }
        Ok(highest)
    }
}

fn highest_bind(dialect: Dialect, part: &'static str, text: &str) -> Result<usize, KeysetError> {
    let parser = dialect.parser();
    let tokens = Tokenizer::new(&*parser, text)
        .tokenize()
        .map_err(|error| KeysetError::Unreadable { part, message: error.to_string() })?;
    let unbounded = |what| KeysetError::Unbounded { part, what };
    let (sign, wanted) = match dialect {
        Dialect::Postgres => ('$', "$1, $2, …"),
        Dialect::Sqlite => ('?', "?1, ?2, …"),
    };
    let (mut depth, mut highest, mut empty) = (0_u32, 0, true);
    for token in tokens {
        match token {
            Token::Whitespace(Whitespace::SingleLineComment { .. }) => {
                return Err(unbounded("a `--` comment"));
            }
            Token::Whitespace(_) => continue,
            Token::SemiColon => return Err(unbounded("a `;`")),
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.checked_sub(1).ok_or_else(|| unbounded("a `)` too many"))?,
            Token::Placeholder(bind) => {
                let number = bind.strip_prefix(sign).and_then(|digits| digits.parse::<usize>().ok());
                let Some(number) = number.filter(|number| *number > 0) else {
                    return Err(KeysetError::UnnumberedBind { part, bind, wanted });
                };
                highest = highest.max(number);
            }
            // SQLite's `:name` and `@name`: the tokenizer knows them as the sign alone.
            Token::Colon | Token::AtSign if dialect == Dialect::Sqlite => {
                return Err(KeysetError::UnnumberedBind { part, bind: token.to_string(), wanted });
            }
            _ => {}
        }
        empty = false;
    }
    if depth > 0 {
        return Err(unbounded("a `(` too many"));
    }
    if empty {
        return Err(KeysetError::Unreadable { part, message: "it is empty".into() });
    }
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_counted_wherever_they_are() {
        let base =
            BaseQuery::new("id, $2::text AS label", "t JOIN u ON u.id = $3").filter("a = $1 OR b = '$9'");
        assert_eq!(base.binds(Dialect::Postgres), Ok(3));
        let base = BaseQuery::new("id", "t").filter("a = ?2 OR b = ?2");
        assert_eq!(base.binds(Dialect::Sqlite), Ok(2));
        assert_eq!(BaseQuery::new("id", "t").binds(Dialect::Postgres), Ok(0));
    }

    #[test]
    fn what_would_leave_its_place_is_refused() {
        let of = |dialect, filter: &str| BaseQuery::new("id", "t").filter(filter).binds(dialect);
        for text in ["a = 1 -- the rest", "a = 1; DROP TABLE t", "a = 1) OR (b = 2", "(a = 1", "", "a = 'x"] {
            assert!(of(Dialect::Postgres, text).is_err(), "{text}");
        }
        for text in ["a = ?", "a = :name", "a = @name", "a = ?0"] {
            let refused = of(Dialect::Sqlite, text);
            assert!(matches!(refused, Err(KeysetError::UnnumberedBind { .. })), "{text}: {refused:?}");
        }
        assert!(of(Dialect::Postgres, "a = /* why */ 1 AND s = ';) --'").is_ok());
    }
}
