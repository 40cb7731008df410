use std::fmt::Debug;

use sqlparser::ast::{Expr, Query};

use super::{context::Context, tables::Tables};

/// A rule on a query's text. Each sees every place of its kind in a statement, at any depth: subqueries, CTEs, branches of
/// a UNION, UPDATE and DELETE.
pub(super) trait QueryRule: Debug + Send + Sync {
    /// Its id and its page.
    fn page(&self) -> RulePage;

    /// Is shown each query whose rows leave it, and what becomes of them.
    fn query(&self, _query: &Query, _role: Role, _context: &mut Context<'_>) {}

    /// Is shown each condition that picks rows: WHERE, JOIN ON.
    fn predicate(&self, _predicate: &Expr, _tables: &Tables, _context: &mut Context<'_>) {}
}

/// What becomes of a query's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// They are the statement's, or the value of an expression.
    Result,
    /// Only whether there are any is asked.
    Exists,
    /// Another query reads them: a derived table, a CTE, a part of a set operation.
    Source,
}

/// A rule's page of documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RulePage {
    /// The rule's id, as findings name it.
    pub id: &'static str,
    /// What it looks for, why, and what to do, in Markdown.
    pub text: &'static str,
}
