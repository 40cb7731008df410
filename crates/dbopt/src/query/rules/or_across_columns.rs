use sqlparser::ast::Expr;

use crate::{
    Confidence, Severity,
    query::{
        columns::{columns_of, conjuncts, disjuncts},
        context::{Context, Verdict},
        rule::{QueryRule, RulePage},
        tables::{Column, Tables},
    },
};

const ID: &str = "query.or-across-columns";

const PAGE: &str = "\
# query.or-across-columns

An OR in WHERE or JOIN ON whose branches have no column in common, as in `a = 1 OR b = 2`. No one index serves it: the
planner must combine several (PostgreSQL's BitmapOr, SQLite's MULTI-INDEX OR), if all of them exist, or read every row.
Write it as a UNION of one query a branch, or give each branch's column its index. Medium where it is all that picks the
rows; low where another condition beside it may do so first.

Not reported: branches that share a column (`a = 1 OR a = 2` is an IN, `(a = 1 AND b = 2) OR (a = 3 AND c = 4)` is served by
an index on `a`); branches that test no column (`$1 IS NULL OR a = $1`); anything under NOT; ORs in the select list.";

#[derive(Debug)]
pub(super) struct OrAcrossColumns;

impl QueryRule for OrAcrossColumns {
    fn page(&self) -> RulePage {
        RulePage { id: ID, text: PAGE }
    }

    fn predicate(&self, predicate: &Expr, tables: &Tables, context: &mut Context<'_>) {
        let mut open = vec![(predicate, false)];
        while let Some((next, beside_others)) = open.pop() {
            let all = conjuncts(next);
            if all.len() > 1 {
                open.extend(all.into_iter().rev().map(|part| (part, true)));
                continue;
            }
            let branches = disjuncts(next);
            if branches.len() == 1 {
                continue;
            }
            match strangers(&branches, context) {
                Some(columns) => report(next, &columns, tables, beside_others, context),
                // The branches agree in a column; inside one there may still be an OR that does not.
                None => open.extend(branches.into_iter().rev().map(|branch| (branch, true))),
            }
        }
    }
}

/// All columns of the branches that test any, if no column is in every one of those.
fn strangers(branches: &[&Expr], context: &Context<'_>) -> Option<Vec<Column>> {
    let columns = branches.iter().map(|branch| columns_of(branch, context.dialect));
    let tested: Vec<Vec<Column>> = columns.filter(|columns| !columns.is_empty()).collect();
    let (first, others) = tested.split_first()?;
    let shared = |column: &Column| others.iter().all(|other| other.iter().any(|one| one.may_be(column)));
    if others.is_empty() || first.iter().any(shared) {
        return None;
    }
    let mut all: Vec<Column> = Vec::new();
    for column in tested.into_iter().flatten() {
        if !all.contains(&column) {
            all.push(column);
        }
    }
    Some(all)
}

fn report(or: &Expr, columns: &[Column], tables: &Tables, beside_others: bool, context: &mut Context<'_>) {
    let object = columns.iter().map(|column| tables.object(column)).collect::<Vec<_>>().join(", ");
    let why = format!(
        "no one index serves every branch ({object}); write a UNION of one query a branch, or index each branch's column"
    );
    let severity = if beside_others { Severity::Low } else { Severity::Medium };
    let verdict = Verdict { rule: ID, severity, confidence: Confidence::Heuristic, object, why, fix: None };
    context.report(or, verdict);
}

#[cfg(test)]
mod tests {
    use super::{super::trial, *};
    use crate::Dialect;

    #[test]
    fn fires() {
        trial::fires(
            Dialect::Postgres,
            ID,
            &[
                ("SELECT id FROM t WHERE a = 1 OR b = 2", &["t.a, t.b"]),
                ("SELECT id FROM t WHERE ((a = 1) OR ((b = 2)))", &["t.a, t.b"]),
                ("SELECT id FROM t WHERE a = 1 OR a = 2 OR b = 3", &["t.a, t.b"]),
                ("SELECT id FROM t WHERE x = 9 AND (a = 1 OR b = 2)", &["t.a, t.b"]),
                ("SELECT t.id FROM t JOIN u ON t.a = u.a OR t.b = u.b", &["t.a, u.a, t.b, u.b"]),
                ("SELECT id FROM t WHERE (a = 1 AND (b = 1 OR c = 1)) OR (a = 2 AND d = 1)", &["t.b, t.c"]),
                ("UPDATE t SET z = 0 WHERE a = 1 OR b = 2", &["t.a, t.b"]),
                ("DELETE FROM t WHERE a = 1 OR b = 2", &["t.a, t.b"]),
                ("SELECT id FROM u WHERE id IN (SELECT id FROM t WHERE t.a = 1 OR t.b = 2)", &["t.a, t.b"]),
                ("WITH c AS (SELECT id FROM t WHERE a = 1 OR b = 2) SELECT id FROM c", &["t.a, t.b"]),
                ("SELECT 1 UNION SELECT id FROM t WHERE a = 1 OR b = 2", &["t.a, t.b"]),
                ("SELECT id FROM t WHERE a IS NULL OR b IN (1, 2)", &["t.a, t.b"]),
            ],
        );
    }

    #[test]
    fn stays_silent() {
        trial::silent(
            Dialect::Postgres,
            ID,
            &[
                "SELECT id FROM t WHERE a = 1 OR a = 2",
                "SELECT id FROM t WHERE t.a = 1 OR a = 2",
                "SELECT id FROM t WHERE A = 1 OR a BETWEEN 5 AND 6",
                "SELECT id FROM t WHERE (a = 1 AND b = 2) OR (a = 3 AND c = 4)",
                "SELECT id FROM t WHERE $1 IS NULL OR a = $1",
                "SELECT id FROM t WHERE NOT (a = 1 OR b = 2)",
                "SELECT a = 1 OR b = 2 FROM t",
                "SELECT id FROM t WHERE a = 1 AND b = 2",
                "SELECT id FROM t WHERE a = 'x OR b = 2'",
                "SELECT id FROM t WHERE a = 1 OR EXISTS (SELECT 1 FROM u WHERE b = 2)",
                "SELECT id FROM t WHERE CASE WHEN a = 1 OR b = 2 THEN c ELSE d END = 5",
                "SELECT count(*) FROM t GROUP BY a HAVING count(*) > 1 OR max(b) > 2",
            ],
        );
    }

    #[test]
    fn weighs_less_beside_another_condition() {
        let severity = |sql| trial::findings(Dialect::Postgres, ID, sql)[0].severity;
        assert_eq!(severity("SELECT id FROM t WHERE a = 1 OR b = 2"), Severity::Medium);
        assert_eq!(severity("SELECT id FROM t WHERE c = 3 AND (a = 1 OR b = 2)"), Severity::Low);
    }
}
