use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, VisitMut, VisitorMut};

use super::leading_wildcard::starts_with_wildcard;
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

const ID: &str = "query.wrapped-column";

const PAGE: &str = "\
# query.wrapped-column

A comparison in WHERE or JOIN ON with a function, a cast or arithmetic around a column: `lower(name) = $1`,
`created_at::date = $1`, `price * 2 > 100`, `coalesce(a, b) = 1`. An index on the column holds other values and cannot be
used. Move the work to the other side (`created_at >= $1 AND created_at < $1 + 1`, `price > 100 / 2`), or index the
expression; where the text tells the table and the function is known to be immutable, that index is the fix.

Not reported: work on a parameter or a constant (`name = lower($1)`); comparisons between columns of one table, which no
index serves anyway; `<>` and anything under NOT; functions that are a condition by themselves (`starts_with(name, 'x')`),
which may have index support; `+column` on SQLite, written to keep an index out; JSON operators; the select list, HAVING.";

#[derive(Debug)]
pub(super) struct WrappedColumn;

impl QueryRule for WrappedColumn {
    fn page(&self) -> RulePage {
        RulePage { id: ID, text: PAGE }
    }

    fn predicate(&self, predicate: &Expr, tables: &Tables, context: &mut Context<'_>) {
        for condition in conditions(predicate) {
            for (side, others) in comparisons(condition) {
                let Some(work) = work_on(side, context.dialect) else { continue };
                let columns = columns_of(side, context.dialect);
                let Some(column) = columns.first() else { continue };
                let against = others.iter().flat_map(|other| columns_of(other, context.dialect));
                // A qualifier that is missing may be any table's: then nothing is said.
                if against.into_iter().any(|other| columns.iter().any(|own| own.may_share_table(&other))) {
                    continue;
                }
                let object =
                    columns.iter().map(|column| tables.object(column)).collect::<Vec<_>>().join(", ");
                let verdict = Verdict {
                    rule: ID,
                    severity: Severity::Medium,
                    confidence: Confidence::Heuristic,
                    why: format!(
                        "an index on {object} holds the bare values, not those of {side}; {}",
                        work.advice()
                    ),
                    object,
                    fix: expression_index(side, work, column, &columns, tables, context.dialect),
                };
                context.report(condition, verdict);
            }
        }
    }
}

/// What is done to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A function the same for the same input in every session.
    Immutable,
    /// Any other function.
    Function,
    Cast,
    Arithmetic,
}

impl Work {
    fn advice(self) -> &'static str {
        match self {
            Self::Immutable => "index the expression, or store it",
            Self::Function => {
                "compare the bare column with a range, or index the expression if it is immutable"
            }
            Self::Cast => {
                "compare the bare column with a range of its own type, or index the cast if it is immutable"
            }
            Self::Arithmetic => "move the arithmetic to the other side",
        }
    }
}

/// Immutable in PostgreSQL and deterministic in SQLite, whatever the type of what they are given.
const IMMUTABLE: &[&str] =
    &["abs", "btrim", "coalesce", "length", "lower", "ltrim", "nullif", "replace", "rtrim", "upper"];

fn work_on(side: &Expr, dialect: Dialect) -> Option<Work> {
    match bare(side) {
        Expr::Function(function) if function.over.is_none() => {
            let name = function.name.to_string().to_lowercase();
            let nested = match &function.args {
                sqlparser::ast::FunctionArguments::List(list) => {
                    list.args.iter().all(|arg| is_plain(arg, dialect))
                }
                _ => false,
            };
            Some(if nested && IMMUTABLE.contains(&name.as_str()) { Work::Immutable } else { Work::Function })
        }
        Expr::Trim { .. }
        | Expr::Substring { .. }
        | Expr::Extract { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. } => Some(Work::Function),
        Expr::AtTimeZone { .. } | Expr::Position { .. } | Expr::Overlay { .. } => Some(Work::Function),
        Expr::Cast { .. } | Expr::Convert { .. } => Some(Work::Cast),
        Expr::UnaryOp { op: UnaryOperator::Minus, .. } => Some(Work::Arithmetic),
        Expr::BinaryOp { op, .. } => match op {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo => Some(Work::Arithmetic),
            BinaryOperator::StringConcat => Some(Work::Function),
            _ => None,
        },
        _ => None,
    }
}

/// An argument that cannot make an immutable function's result vary: a column, a literal, such a function again.
fn is_plain(argument: &sqlparser::ast::FunctionArg, dialect: Dialect) -> bool {
    use sqlparser::ast::{FunctionArg, FunctionArgExpr, Value};
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return false };
    match bare(expr) {
        Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        expr if Column::of(expr, dialect).is_some() => true,
        expr => work_on(expr, dialect) == Some(Work::Immutable),
    }
}

/// Each side of a comparison an index could answer, with what it is compared to.
fn comparisons(condition: &Expr) -> Vec<(&Expr, Vec<&Expr>)> {
    match condition {
        Expr::BinaryOp {
            left,
            op:
                BinaryOperator::Eq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq,
            right,
        } => vec![(left, vec![&**right]), (right, vec![&**left])],
        Expr::IsNotDistinctFrom(left, right) => vec![(left, vec![&**right]), (right, vec![&**left])],
        Expr::Between { expr, negated: false, low, high } => vec![(expr, vec![&**low, &**high])],
        Expr::InList { expr, list, negated: false } => vec![(expr, list.iter().collect())],
        Expr::InSubquery { expr, negated: false, .. } => vec![(expr, vec![])],
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => vec![(left, vec![&**right])],
        Expr::Like { expr, pattern, negated: false, .. } if starts_with_wildcard(condition).is_none() => {
            vec![(expr, vec![&**pattern])]
        }
        _ => vec![],
    }
}

/// An index on the expression, if it surely may be indexed and its table is known.
fn expression_index(
    side: &Expr,
    work: Work,
    column: &Column,
    columns: &[Column],
    tables: &Tables,
    dialect: Dialect,
) -> Option<Fix> {
    if work != Work::Immutable || columns.iter().any(|other| other.qualifier != column.qualifier) {
        return None;
    }
    let mut expression = bare(side).clone();
    let ControlFlow::Continue(()) = expression.visit(&mut Unqualified);
    let index = tables.index_on(column)?;
    Some(index.key(IndexKey::expression(expression.to_string())).fix(dialect))
}

/// Takes table names off columns: an index's expressions know one table only.
struct Unqualified;

impl VisitorMut for Unqualified {
    type Break = std::convert::Infallible;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::CompoundIdentifier(path) = expr
            && let Some(name) = path.pop()
        {
            *expr = Expr::Identifier(name);
        }
        ControlFlow::Continue(())
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
                ("SELECT id FROM t WHERE lower(name) = $1", &["t.name"]),
                ("SELECT id FROM t WHERE $1 = lower(name)", &["t.name"]),
                ("SELECT id FROM t WHERE (lower((name))) = 'x'", &["t.name"]),
                ("SELECT id FROM t WHERE coalesce(a, 0) > 5", &["t.a"]),
                ("SELECT id FROM t WHERE coalesce(a, b) = 5", &["t.a, t.b"]),
                ("SELECT id FROM t WHERE created_at::date = $1", &["t.created_at"]),
                ("SELECT id FROM t WHERE CAST(a AS text) = $1", &["t.a"]),
                ("SELECT id FROM t WHERE a + 1 > $1", &["t.a"]),
                ("SELECT id FROM t WHERE -a = 5", &["t.a"]),
                ("SELECT id FROM t WHERE extract(year FROM created_at) = 2020", &["t.created_at"]),
                ("SELECT id FROM t WHERE created_at AT TIME ZONE 'UTC' >= $1", &["t.created_at"]),
                ("SELECT id FROM t WHERE date_trunc('day', created_at) BETWEEN $1 AND $2", &["t.created_at"]),
                ("SELECT id FROM t WHERE lower(name) IN ('a', 'b')", &["t.name"]),
                ("SELECT id FROM t WHERE lower(name) IN (SELECT n FROM u)", &["t.name"]),
                ("SELECT id FROM t WHERE lower(name) = ANY($1)", &["t.name"]),
                ("SELECT id FROM t WHERE lower(name) LIKE 'x%'", &["t.name"]),
                ("SELECT id FROM t WHERE first || last = $1", &["t.first, t.last"]),
                ("SELECT id FROM t WHERE a = 1 OR (b = 2 AND lower(name) = 'x')", &["t.name"]),
                ("SELECT 1 FROM a JOIN b ON lower(a.x) = b.x", &["a.x"]),
                ("SELECT 1 FROM a JOIN b ON lower(a.x) = lower(b.x)", &["a.x", "b.x"]),
                ("UPDATE t SET a = 1 WHERE lower(name) = 'x'", &["t.name"]),
                ("DELETE FROM t WHERE lower(name) = 'x'", &["t.name"]),
                ("SELECT 1 FROM u WHERE EXISTS (SELECT 1 FROM t WHERE lower(t.name) = 'x')", &["t.name"]),
                ("WITH c AS (SELECT 1 FROM t WHERE abs(a) = 1) SELECT 1 FROM c", &["t.a"]),
                ("SELECT 1 UNION SELECT 1 FROM t WHERE abs(a) = 1", &["t.a"]),
            ],
        );
        trial::fires(Dialect::Sqlite, ID, &[("SELECT id FROM t WHERE date(day) = ?1", &["t.day"])]);
    }

    #[test]
    fn stays_silent() {
        trial::silent(
            Dialect::Postgres,
            ID,
            &[
                "SELECT id FROM t WHERE name = lower($1)",
                "SELECT id FROM t WHERE name = upper('x') || 'y'",
                "SELECT id FROM t WHERE created_at > now() - interval '1 day'",
                "SELECT id FROM t WHERE created_at >= $1::date AND created_at < $1::date + 1",
                "SELECT lower(name), a + 1 FROM t WHERE a = 1",
                "SELECT id FROM t WHERE lower(name) <> 'x'",
                "SELECT id FROM t WHERE NOT lower(name) = 'x'",
                "SELECT id FROM t WHERE lower(name) NOT IN ('x')",
                "SELECT id FROM t WHERE a > b + 1",
                "SELECT id FROM t WHERE name = lower(name)",
                "SELECT id FROM t WHERE lower(a) = lower(b)",
                "SELECT id FROM t WHERE starts_with(name, 'x')",
                "SELECT id FROM t WHERE random() < 0.1",
                "SELECT id FROM t WHERE (name) = 'x'",
                "SELECT id FROM t WHERE doc->>'k' = 'v'",
                "SELECT id FROM t WHERE name COLLATE \"C\" = 'x'",
                "SELECT id FROM t WHERE lower(name) LIKE '%x'",
                "SELECT a FROM t GROUP BY a HAVING count(*) > 1 AND lower(a) = 'x'",
                "SELECT id FROM t ORDER BY lower(name)",
                "UPDATE t SET name = lower(name) WHERE id = 1",
                "SELECT id FROM t WHERE a = (SELECT max(b) + 1 FROM u)",
                "SELECT id FROM t WHERE a = 'lower(name) = 1'",
            ],
        );
        trial::silent(Dialect::Sqlite, ID, &["SELECT id FROM t WHERE +a = 1"]);
    }

    #[test]
    fn offers_an_index_where_it_surely_may_be_made() {
        let fix = |sql| trial::findings(Dialect::Postgres, ID, sql).remove(0).fix.map(|fix| fix.sql);
        assert_eq!(
            fix("SELECT id FROM users u WHERE lower(u.name) = $1").as_deref(),
            Some(
                r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "users_lower_name_idx" ON "users" ((lower(name)))"#
            )
        );
        assert_eq!(
            fix("SELECT id FROM t WHERE coalesce(upper(a), 'x') = $1").as_deref(),
            Some(
                r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_coalesce_upper_a_x_idx" ON "t" ((coalesce(upper(a), 'x')))"#
            )
        );
        for sql in [
            "SELECT id FROM t WHERE created_at::date = $1",
            "SELECT id FROM t WHERE date_trunc('day', created_at) = $1",
            "SELECT id FROM t WHERE a + 1 = $1",
            "SELECT id FROM t WHERE coalesce(a, $2) = $1",
            "SELECT id FROM t WHERE lower(a::text) = $1",
            "SELECT id FROM t, u WHERE lower(name) = $1",
            "SELECT 1 FROM t JOIN u ON u.id = t.id WHERE coalesce(t.a, u.a) = 1",
        ] {
            assert_eq!(fix(sql), None, "{sql}");
        }
    }
}
