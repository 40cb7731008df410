use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

use crate::{
    Confidence, Dialect, Fix, Severity,
    indexes::IndexKey,
    query::{
        columns::{bare, columns_of, conditions},
        context::{Context, Verdict},
        rule::{QueryRule, RulePage},
        tables::{Column, Tables},
    },
};

const ID: &str = "query.leading-wildcard";

const PAGE: &str = "\
# query.leading-wildcard

`LIKE '%x'`, `ILIKE '_x'`, SQLite's `GLOB '*x'`: a pattern that starts with a wildcard gives a btree nothing to seek by, so
every row is read. On PostgreSQL a trigram index serves it (extension `pg_trgm`, which must be there before the fix is run);
on SQLite an FTS5 table with the trigram tokenizer.

Not reported: `'x%'`; an escaped first wildcard (`'\\%x'`, `'!%x' ESCAPE '!'`); a pattern bound at run time, of which the
text says nothing; NOT LIKE, which no index serves whatever its pattern; a match in the select list.";

#[derive(Debug)]
pub(super) struct LeadingWildcard;

impl QueryRule for LeadingWildcard {
    fn page(&self) -> RulePage {
        RulePage { id: ID, text: PAGE }
    }

    fn predicate(&self, predicate: &Expr, tables: &Tables, context: &mut Context<'_>) {
        for condition in conditions(predicate) {
            let Some(matched) = starts_with_wildcard(condition) else { continue };
            let columns = columns_of(matched, context.dialect);
            let Some(column) = columns.first() else { continue };
            let mut why =
                "the pattern starts with a wildcard, and a btree can only seek by what a text starts with; "
                    .to_owned();
            why += match context.dialect {
                Dialect::Postgres => "a trigram index serves it (extension pg_trgm)",
                Dialect::Sqlite => "an FTS5 table with the trigram tokenizer serves it",
            };
            let verdict = Verdict {
                rule: ID,
                severity: Severity::Medium,
                confidence: Confidence::Heuristic,
                object: tables.object(column),
                why,
                fix: trigram_index(matched, column, tables, context.dialect),
            };
            context.report(condition, verdict);
        }
    }
}

/// A trigram index on the column, where it is matched as it stands and its table is known.
fn trigram_index(matched: &Expr, column: &Column, tables: &Tables, dialect: Dialect) -> Option<Fix> {
    if dialect != Dialect::Postgres || Column::of(matched, dialect).is_none() {
        return None;
    }
    let index = tables.index_on(column)?.using("gin");
    Some(index.key(IndexKey::column(&column.name).operator_class("gin_trgm_ops")).fix(dialect))
}

/// What is matched against a pattern that is known to start with a wildcard.
pub(super) fn starts_with_wildcard(condition: &Expr) -> Option<&Expr> {
    let (matched, pattern, escape, wildcards) = match condition {
        Expr::Like { negated: false, expr, pattern, escape_char, .. }
        | Expr::ILike { negated: false, expr, pattern, escape_char, .. } => {
            (expr, pattern, escape_char.as_deref(), "%_")
        }
        Expr::BinaryOp { left, op: BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch, right } => {
            (left, right, None, "%_")
        }
        // A bracket in front is a set of characters, which GLOB cannot seek by either.
        Expr::BinaryOp { left, op: BinaryOperator::Glob, right } => (left, right, None, "*?["),
        _ => return None,
    };
    let first = first_literal(pattern)?.chars().next()?;
    let escaped = escape.and_then(first_literal).is_some_and(|escape| escape.starts_with(first));
    (wildcards.contains(first) && !escaped).then_some(matched)
}

/// The text a pattern starts with, if that much of it is written out: `'%' || $1` starts with a wildcard whatever is bound.
fn first_literal(pattern: &Expr) -> Option<&str> {
    match bare(pattern) {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
            _ => None,
        },
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, .. } => first_literal(left),
        Expr::Cast { expr, .. } => first_literal(expr),
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) => {
            let is_concat = name.to_string().eq_ignore_ascii_case("concat");
            match list.args.first() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) if is_concat => first_literal(first),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::trial, *};

    #[test]
    fn fires() {
        trial::fires(
            Dialect::Postgres,
            ID,
            &[
                ("SELECT id FROM t WHERE name LIKE '%x'", &["t.name"]),
                ("SELECT id FROM t WHERE name ILIKE '%x%'", &["t.name"]),
                ("SELECT id FROM t WHERE name LIKE '_x'", &["t.name"]),
                ("SELECT id FROM t WHERE name LIKE '%' || $1", &["t.name"]),
                ("SELECT id FROM t WHERE name LIKE '%' || $1 || '%'", &["t.name"]),
                ("SELECT id FROM t WHERE name LIKE concat('%', $1, '%')", &["t.name"]),
                ("SELECT id FROM t WHERE name LIKE '%!%' ESCAPE '!'", &["t.name"]),
                ("SELECT id FROM t WHERE name ~~ '%x'", &["t.name"]),
                ("SELECT id FROM t WHERE lower(name) LIKE '%x'", &["t.name"]),
                ("SELECT id FROM t WHERE a = 1 AND (b = 2 OR (name LIKE '%x'))", &["t.name"]),
                ("SELECT a.id FROM a JOIN b ON b.name LIKE '%x'", &["b.name"]),
                ("SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.name LIKE '%x')", &["b.name"]),
                ("UPDATE t SET a = 1 WHERE name LIKE '%x'", &["t.name"]),
                ("DELETE FROM t USING u WHERE u.name LIKE '%x'", &["u.name"]),
                ("SELECT 1 UNION (SELECT id FROM t WHERE name LIKE '%x')", &["t.name"]),
            ],
        );
        trial::fires(
            Dialect::Sqlite,
            ID,
            &[
                ("SELECT id FROM t WHERE name GLOB '*x'", &["t.name"]),
                ("SELECT id FROM t WHERE Name LIKE '%x'", &["t.name"]),
            ],
        );
    }

    #[test]
    fn stays_silent() {
        trial::silent(
            Dialect::Postgres,
            ID,
            &[
                "SELECT id FROM t WHERE name LIKE 'abc%'",
                "SELECT id FROM t WHERE name LIKE 'a%b'",
                r"SELECT id FROM t WHERE name LIKE '\%x'",
                "SELECT id FROM t WHERE name LIKE '!%x' ESCAPE '!'",
                "SELECT id FROM t WHERE name LIKE '%%x' ESCAPE '%'",
                "SELECT id FROM t WHERE name LIKE $1",
                "SELECT id FROM t WHERE name LIKE $1 || '%'",
                "SELECT id FROM t WHERE name LIKE ''",
                "SELECT id FROM t WHERE name NOT LIKE '%x'",
                "SELECT id FROM t WHERE NOT (name LIKE '%x')",
                "SELECT id FROM t WHERE name = '%x'",
                "SELECT name LIKE '%x' FROM t",
                "SELECT id FROM t WHERE 'abc' LIKE '%' || $1",
                "SELECT id FROM t ORDER BY name LIKE '%x'",
            ],
        );
        trial::silent(
            Dialect::Sqlite,
            ID,
            &["SELECT id FROM t WHERE name GLOB 'x*'", "SELECT id FROM t WHERE name GLOB '%x'"],
        );
    }

    #[test]
    fn offers_a_trigram_index_where_the_table_is_known() {
        let fix = |dialect, sql| trial::findings(dialect, ID, sql).remove(0).fix;
        let known = fix(Dialect::Postgres, "SELECT id FROM s.t x WHERE x.name ILIKE '%x%'").unwrap();
        assert_eq!(
            known.sql,
            r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_gin_name_idx" ON "s"."t" USING gin ("name" gin_trgm_ops)"#
        );
        assert_eq!(known.undo_sql, r#"DROP INDEX CONCURRENTLY IF EXISTS "s"."t_gin_name_idx""#);
        assert_eq!(fix(Dialect::Postgres, "SELECT 1 FROM t, u WHERE name LIKE '%x'"), None);
        assert_eq!(
            fix(Dialect::Postgres, "WITH t AS (SELECT 'x' name) SELECT 1 FROM t WHERE name LIKE '%x'"),
            None
        );
        assert_eq!(
            fix(Dialect::Postgres, "SELECT 1 FROM u WHERE EXISTS (SELECT 1 FROM t WHERE name LIKE '%x')"),
            None
        );
        assert_eq!(fix(Dialect::Sqlite, "SELECT id FROM t WHERE name LIKE '%x'"), None);
    }
}
