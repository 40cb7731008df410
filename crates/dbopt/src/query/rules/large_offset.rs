use sqlparser::ast::{BinaryOperator, Expr, LimitClause, Query, Value};

use crate::{
    Confidence, Severity,
    query::{
        columns::bare,
        context::{Context, Verdict},
        rule::{QueryRule, Role, RulePage},
    },
};

const ID: &str = "query.large-offset";

const PAGE: &str = "\
# query.large-offset

`OFFSET n` reads n rows and throws them away: the page's cost grows with its number, and rows inserted meanwhile shift every
page. From `large_offset` rows on (1,000 by default) it is reported; an offset that is bound at run time (`OFFSET $1`) is
mentioned, since it is as large as whoever asks for the last page makes it. Page by keyset instead: `mainstay_dbopt::keyset`.

Not reported: small offsets, `OFFSET 0` (a fence against subquery pull-up), `OFFSET NULL`, any LIMIT.";

#[derive(Debug)]
pub(super) struct LargeOffset;

impl QueryRule for LargeOffset {
    fn page(&self) -> RulePage {
        RulePage { id: ID, text: PAGE }
    }

    fn query(&self, query: &Query, _role: Role, context: &mut Context<'_>) {
        let offset = match &query.limit_clause {
            Some(LimitClause::LimitOffset { offset: Some(offset), .. }) => &offset.value,
            Some(LimitClause::OffsetCommaLimit { offset, .. }) => offset,
            _ => return,
        };
        let (severity, confidence, rows) = match rows(offset) {
            Offset::Rows(rows) if rows >= i128::from(context.config.large_offset) => {
                (Severity::Medium, Confidence::Proven, rows.to_string())
            }
            Offset::Rows(_) | Offset::None => return,
            Offset::Unknown => (Severity::Info, Confidence::Heuristic, "as many rows as it says".into()),
        };
        let why = format!(
            "{rows} rows are read and thrown away before the first is returned, more with every page; \
             page by keyset (mainstay_dbopt::keyset), which costs the same at any depth"
        );
        let verdict =
            Verdict { rule: ID, severity, confidence, object: format!("OFFSET {offset}"), why, fix: None };
        context.report(offset, verdict);
    }
}

enum Offset {
    Rows(i128),
    None,
    /// Known at run time only.
    Unknown,
}

/// What an offset comes to, as far as the text tells.
fn rows(offset: &Expr) -> Offset {
    match bare(offset) {
        Expr::Value(value) => match &value.value {
            Value::Null => Offset::None,
            Value::Number(digits, _) => digits.parse().map_or(Offset::Unknown, Offset::Rows),
            Value::SingleQuotedString(digits) => digits.trim().parse().map_or(Offset::Unknown, Offset::Rows),
            _ => Offset::Unknown,
        },
        Expr::Cast { expr, .. } => rows(expr),
        Expr::BinaryOp { left, op, right } => match (rows(left), rows(right)) {
            (Offset::Rows(left), Offset::Rows(right)) => {
                let result = match op {
                    BinaryOperator::Plus => left.checked_add(right),
                    BinaryOperator::Minus => left.checked_sub(right),
                    BinaryOperator::Multiply => left.checked_mul(right),
                    _ => None,
                };
                result.map_or(Offset::Unknown, Offset::Rows)
            }
            _ => Offset::Unknown,
        },
        _ => Offset::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::trial, *};
    use crate::{
        Dialect,
        query::{QueryAnalyzer, QueryConfig},
    };

    #[test]
    fn fires() {
        trial::fires(
            Dialect::Postgres,
            ID,
            &[
                ("SELECT id FROM t LIMIT 20 OFFSET 1000", &["OFFSET 1000"]),
                ("SELECT id FROM t OFFSET 5000 ROWS FETCH FIRST 20 ROWS ONLY", &["OFFSET 5000"]),
                ("SELECT id FROM t LIMIT 20 OFFSET (500 - 1) * 20", &["OFFSET (500 - 1) * 20"]),
                ("SELECT id FROM t OFFSET '20000'::bigint", &["OFFSET '20000'::BIGINT"]),
                ("SELECT id FROM u WHERE id IN (SELECT id FROM t LIMIT 1 OFFSET 1000)", &["OFFSET 1000"]),
                ("WITH c AS (SELECT id FROM t OFFSET 1000) SELECT id FROM c", &["OFFSET 1000"]),
                (
                    "(SELECT id FROM t OFFSET 1000) UNION (SELECT id FROM u OFFSET 2000)",
                    &["OFFSET 1000", "OFFSET 2000"],
                ),
                ("DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY id OFFSET 1000)", &["OFFSET 1000"]),
            ],
        );
        trial::fires(Dialect::Sqlite, ID, &[("SELECT id FROM t LIMIT 1000, 20", &["OFFSET 1000"])]);
    }

    #[test]
    fn stays_silent() {
        let texts = [
            "SELECT id FROM t LIMIT 100000",
            "SELECT id FROM t LIMIT 20 OFFSET 999",
            "SELECT id FROM t OFFSET 0",
            "SELECT id FROM t OFFSET NULL",
            "SELECT id FROM t LIMIT 20 OFFSET 2000 - 1999",
            "SELECT 'OFFSET 5000' FROM t",
        ];
        trial::silent(Dialect::Postgres, ID, &texts);
        trial::silent(Dialect::Sqlite, ID, &["SELECT id FROM t LIMIT 20, 5000"]);
    }

    #[test]
    fn a_bound_offset_is_mentioned() {
        for sql in [
            "SELECT id FROM t OFFSET $1",
            "SELECT id FROM t OFFSET ($1 - 1) * 20",
            "SELECT id FROM t OFFSET $1::int",
        ] {
            let found = trial::findings(Dialect::Postgres, ID, sql);
            assert_eq!(
                (found[0].severity, found[0].confidence),
                (Severity::Info, Confidence::Heuristic),
                "{sql}"
            );
        }
        let found = trial::findings(Dialect::Postgres, ID, "SELECT id FROM t OFFSET 1000");
        assert_eq!((found[0].severity, found[0].confidence), (Severity::Medium, Confidence::Proven));
    }

    #[test]
    fn the_threshold_is_a_setting() {
        let config = QueryConfig::default().large_offset(50);
        let analyzer = QueryAnalyzer::with_config(Dialect::Postgres, config).unwrap();
        assert_eq!(analyzer.analyze("SELECT id FROM t OFFSET 50").findings.len(), 1);
        assert!(analyzer.analyze("SELECT id FROM t OFFSET 49").is_clean());
    }
}
