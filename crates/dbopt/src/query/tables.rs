use sqlparser::ast::{Expr, Ident, ObjectName, TableFactor, TableWithJoins};

use crate::{Dialect, indexes::IndexDefinition};

/// The tables a condition's columns come from.
#[derive(Debug)]
pub(super) struct Tables {
    sources: Vec<Source>,
    /// Whether a bare column may belong to a query further out.
    correlated: bool,
}

#[derive(Debug)]
struct Source {
    /// What columns call it.
    name: String,
    /// Schema (if written) and name, if it is a base table.
    table: Option<(Option<String>, String)>,
}

impl Tables {
    /// The tables of a FROM list; `ctes` are the names that mean no base table.
    pub(super) fn of<'a>(
        from: impl IntoIterator<Item = &'a TableWithJoins>,
        ctes: &[String],
        correlated: bool,
        dialect: Dialect,
    ) -> Self {
        let mut tables = Self { sources: Vec::new(), correlated };
        for item in from {
            tables.add_joined(item, ctes, dialect);
        }
        tables
    }

    fn add_joined(&mut self, item: &TableWithJoins, ctes: &[String], dialect: Dialect) {
        self.add(&item.relation, ctes, dialect);
        for join in &item.joins {
            self.add(&join.relation, ctes, dialect);
        }
    }

    fn add(&mut self, factor: &TableFactor, ctes: &[String], dialect: Dialect) {
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let path = path(name, dialect);
                let Some((table, schema)) = path.split_last() else { return };
                let is_base =
                    args.is_none() && schema.len() < 2 && !(schema.is_empty() && ctes.contains(table));
                self.sources.push(Source {
                    name: alias.as_ref().map_or_else(|| table.clone(), |alias| folded(&alias.name, dialect)),
                    table: is_base.then(|| (schema.last().cloned(), table.clone())),
                });
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.add_joined(table_with_joins, ctes, dialect);
            }
            other => {
                let alias = match other {
                    TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => {
                        alias.as_ref()
                    }
                    _ => None,
                };
                let name = alias.map_or_else(String::new, |alias| folded(&alias.name, dialect));
                self.sources.push(Source { name, table: None });
            }
        }
    }

    pub(super) fn is_single(&self) -> bool {
        self.sources.len() == 1
    }

    /// The base table a column belongs to, if the text alone tells: schema and name.
    fn table_of(&self, column: &Column) -> Option<&(Option<String>, String)> {
        let source = match &column.qualifier {
            Some(name) => {
                let mut named = self.sources.iter().filter(|source| source.name == *name);
                let source = named.next()?;
                named.next().is_none().then_some(source)?
            }
            None if self.is_single() && !self.correlated => self.sources.first()?,
            None => return None,
        };
        source.table.as_ref()
    }

    /// `table.column`, or as much of it as is known.
    pub(super) fn object(&self, column: &Column) -> String {
        match (self.table_of(column), &column.qualifier) {
            (Some((_, table)), _) => format!("{table}.{}", column.name),
            (None, Some(qualifier)) => format!("{qualifier}.{}", column.name),
            (None, None) => column.name.clone(),
        }
    }

    /// An index on the column's table, if the text alone tells which that is.
    pub(super) fn index_on(&self, column: &Column) -> Option<IndexDefinition> {
        let (schema, table) = self.table_of(column)?;
        let index = IndexDefinition::on(table);
        Some(match schema {
            Some(schema) => index.in_schema(schema),
            None => index,
        })
    }
}

/// A column as a text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) qualifier: Option<String>,
    pub(super) name: String,
}

impl Column {
    /// The column an expression is, parentheses aside.
    pub(super) fn of(expr: &Expr, dialect: Dialect) -> Option<Self> {
        match expr {
            Expr::Identifier(name) => {
                // SQLite takes a double-quoted word that is no column for a string; it is a column in every sound text.
                Some(Self { qualifier: None, name: folded(name, dialect) })
            }
            Expr::CompoundIdentifier(path) => {
                let (name, before) = path.split_last()?;
                let qualifier = before.last().map(|table| folded(table, dialect));
                Some(Self { qualifier, name: folded(name, dialect) })
            }
            Expr::Nested(inner) => Self::of(inner, dialect),
            _ => None,
        }
    }

    /// Whether both may name one column: a missing qualifier may be any.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        self.name == other.name && (self.may_share_table(other))
    }

    /// Whether both may belong to one table.
    pub(super) fn may_share_table(&self, other: &Self) -> bool {
        match (&self.qualifier, &other.qualifier) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        }
    }
}

/// An identifier as the database compares it: PostgreSQL folds what is not quoted, SQLite compares without case.
pub(super) fn folded(name: &Ident, dialect: Dialect) -> String {
    if dialect == Dialect::Sqlite || name.quote_style.is_none() {
        name.value.to_lowercase()
    } else {
        name.value.clone()
    }
}

/// A dotted name's parts.
pub(super) fn path(name: &ObjectName, dialect: Dialect) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(|part| folded(part, dialect)).collect()
}
