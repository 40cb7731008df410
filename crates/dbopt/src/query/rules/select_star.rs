use sqlparser::ast::{
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
};

use crate::{
    Confidence, Dialect, Severity,
    query::{
        context::{Context, Verdict},
        rule::{QueryRule, Role, RulePage},
        tables::{folded, path},
    },
};

const ID: &str = "query.select-star";

const PAGE: &str = "\
# query.select-star

`SELECT *` (or `t.*`) whose rows leave the query and that reaches a base table. It reads and sends columns nobody asked
for, keeps a covering index from answering alone, and changes shape with the next `ADD COLUMN`. Name the columns.

Not reported: `COUNT(*)`; `EXISTS (SELECT * …)`; a `*` over a derived table or CTE that names its own columns; and one
*inside* a derived table or CTE of which the outer query picks columns, since the planner drops what nobody reads. Where a
`*` stands over another, the one that touches the table is reported, once.";

#[derive(Debug)]
pub(super) struct SelectStar;

impl QueryRule for SelectStar {
    fn page(&self) -> RulePage {
        RulePage { id: ID, text: PAGE }
    }

    fn query(&self, query: &Query, role: Role, context: &mut Context<'_>) {
        if role == Role::Result {
            let dialect = context.dialect;
            Expansion { dialect, outer: context.ctes.clone(), context }.query(query, &[]);
        }
    }
}

/// Follows wildcards from the rows that leave a query down to base tables.
struct Expansion<'e, 'c> {
    dialect: Dialect,
    /// CTEs of queries further out: what they hold was judged where they stand.
    outer: Vec<String>,
    context: &'e mut Context<'c>,
}

/// CTEs in sight, outermost first. `None` is a recursive one's own name inside it.
type Ctes<'q> = Vec<(String, Option<&'q Query>)>;

impl Expansion<'_, '_> {
    fn query<'q>(&mut self, query: &'q Query, ctes: &[(String, Option<&'q Query>)]) {
        let mut ctes: Ctes<'q> = ctes.to_vec();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            ctes.push((folded(&cte.alias.name, self.dialect), Some(&cte.query)));
        }
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        self.body(&query.body, &ctes, recursive);
    }

    fn body<'q>(&mut self, body: &'q SetExpr, ctes: &Ctes<'q>, recursive: bool) {
        match body {
            SetExpr::Select(select) => self.select(select, ctes, recursive),
            SetExpr::Query(query) => self.query(query, ctes),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left, ctes, recursive);
                self.body(right, ctes, recursive);
            }
            _ => {}
        }
    }

    fn select<'q>(&mut self, select: &'q Select, ctes: &Ctes<'q>, recursive: bool) {
        for item in &select.projection {
            let wanted = match item {
                SelectItem::Wildcard(_) => None,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    path(name, self.dialect).pop()
                }
                _ => continue,
            };
            let mut tables = Vec::new();
            for source in select.from.iter().flat_map(sources) {
                self.source(source, wanted.as_deref(), ctes, recursive, &mut tables);
            }
            if !tables.is_empty() {
                self.report(item, &tables);
            }
        }
    }

    /// Adds the base table a source is, or goes on into the query it is.
    fn source<'q>(
        &mut self,
        source: &'q TableFactor,
        wanted: Option<&str>,
        ctes: &Ctes<'q>,
        recursive: bool,
        tables: &mut Vec<String>,
    ) {
        let alias = match source {
            TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => alias.as_ref(),
            _ => None,
        };
        let alias = alias.map(|alias| folded(&alias.name, self.dialect));
        match source {
            TableFactor::Table { name, args: None, .. } => {
                let path = path(name, self.dialect);
                let Some(table) = path.last() else { return };
                if wanted.is_some_and(|wanted| wanted != alias.as_ref().unwrap_or(table)) {
                    return;
                }
                let cte =
                    if path.len() == 1 { ctes.iter().rposition(|(name, _)| name == table) } else { None };
                match cte {
                    Some(at) => {
                        // Inside a CTE its own name is the base table's, or, in a recursive one, itself once more.
                        let mut inside = ctes[..at].to_vec();
                        if recursive {
                            inside.push((table.clone(), None));
                        }
                        if let Some(query) = ctes[at].1 {
                            self.query(query, &inside);
                        }
                    }
                    None if path.len() == 1 && self.outer.contains(table) => {}
                    None => tables.push(table.clone()),
                }
            }
            TableFactor::Derived { subquery, .. } if wanted.is_none() || wanted == alias.as_deref() => {
                self.query(subquery, ctes);
            }
            _ => {}
        }
    }

    fn report(&mut self, item: &SelectItem, tables: &[String]) {
        let object = tables.join(", ");
        let why = format!(
            "every column of {object} is read and sent, wanted or not; no covering index can answer alone; name the columns"
        );
        let verdict = Verdict {
            rule: ID,
            severity: Severity::Medium,
            confidence: Confidence::Proven,
            object,
            why,
            fix: None,
        };
        self.context.report(item, verdict);
    }
}

/// The tables and queries of a FROM item, nested joins taken apart.
fn sources<'a>(item: &'a TableWithJoins) -> Vec<&'a TableFactor> {
    let factors = std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation));
    let inner = |factor: &'a TableFactor| match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => sources(table_with_joins),
        factor => vec![factor],
    };
    factors.flat_map(inner).collect()
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
                ("SELECT * FROM t", &["t"]),
                ("SELECT t.* FROM t", &["t"]),
                ("SELECT x.*, y.id FROM t x JOIN u y ON x.id = y.id", &["t"]),
                ("SELECT * FROM t JOIN u USING (id)", &["t, u"]),
                ("SELECT * FROM (t JOIN u USING (id))", &["t, u"]),
                ("SELECT id FROM t UNION ALL SELECT * FROM u", &["u"]),
                ("(SELECT * FROM t) UNION (SELECT * FROM u)", &["t", "u"]),
                ("SELECT * FROM (SELECT * FROM t) s", &["t"]),
                ("WITH c AS (SELECT * FROM t) SELECT * FROM c", &["t"]),
                ("WITH t AS (SELECT * FROM t) SELECT * FROM t", &["t"]),
                ("WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM b", &["t"]),
                ("WITH RECURSIVE c AS (SELECT * FROM t UNION ALL SELECT c.* FROM c) SELECT * FROM c", &["t"]),
                ("INSERT INTO u SELECT * FROM t", &["t"]),
                ("CREATE VIEW v AS SELECT * FROM t", &["t"]),
                ("SELECT id FROM t WHERE id IN (SELECT * FROM u)", &["u"]),
                ("DELETE FROM t WHERE id IN (SELECT u.* FROM u)", &["u"]),
                ("SELECT count(*), (SELECT array_agg(x) FROM (SELECT * FROM u) x) FROM t", &[]),
                ("SELECT * FROM s.t", &["t"]),
            ],
        );
        trial::fires(Dialect::Sqlite, ID, &[("SELECT * FROM `t` LIMIT 5, 10", &["t"])]);
    }

    #[test]
    fn stays_silent() {
        trial::silent(
            Dialect::Postgres,
            ID,
            &[
                "SELECT COUNT(*) FROM t",
                "SELECT id FROM t WHERE EXISTS (SELECT * FROM u WHERE u.id = t.id)",
                "SELECT id FROM t WHERE NOT EXISTS (SELECT * FROM u UNION SELECT * FROM w)",
                "SELECT * FROM (SELECT id, name FROM t) s",
                "SELECT s.* FROM (SELECT id FROM t) s JOIN u ON u.id = s.id",
                "WITH c AS (SELECT id FROM t) SELECT * FROM c",
                "WITH c AS (SELECT * FROM t) SELECT id FROM c",
                "SELECT id FROM (SELECT * FROM t) s",
                "WITH c AS (SELECT id FROM t) SELECT id FROM u WHERE id IN (SELECT * FROM c)",
                "SELECT * FROM generate_series(1, 10)",
                "SELECT * FROM (VALUES (1), (2)) v",
                "SELECT 2 * price FROM t",
                "SELECT '*' FROM t",
                "WITH RECURSIVE c AS (SELECT id FROM t UNION ALL SELECT * FROM c) SELECT * FROM c",
            ],
        );
    }

    #[test]
    fn reports_the_wildcard_that_touches_the_table() {
        let found = trial::findings(Dialect::Postgres, ID, "SELECT *\nFROM (SELECT s.* FROM t s) x");
        let crate::Evidence::QueryText { snippet, place } = &found[0].evidence;
        assert_eq!((snippet.as_str(), place.map(|place| place.line)), ("s.*", Some(2)));
    }
}
