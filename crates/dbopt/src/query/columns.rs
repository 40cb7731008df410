use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Visit, Visitor};

use super::tables::Column;
use crate::Dialect;

/// The columns an expression reads, those of its subqueries left out.
pub(super) fn columns_of(expr: &Expr, dialect: Dialect) -> Vec<Column> {
    let mut collector = Collector { dialect, depth: 0, columns: Vec::new() };
    let ControlFlow::Continue(()) = expr.visit(&mut collector);
    collector.columns
}

struct Collector {
    dialect: Dialect,
    depth: usize,
    columns: Vec<Column>,
}

impl Visitor for Collector {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        // `Nested` is looked into by the visit itself; taking it here would count its column twice.
        if self.depth == 0
            && !matches!(expr, Expr::Nested(_))
            && let Some(column) = Column::of(expr, self.dialect)
            && !self.columns.contains(&column)
        {
            self.columns.push(column);
        }
        ControlFlow::Continue(())
    }
}

/// The innermost expression, parentheses taken off.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// The parts that must all hold: those of an AND, in the text's order. Goes by a list, since chains grow long.
pub(super) fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    parts(expr, &sqlparser::ast::BinaryOperator::And)
}

/// The parts of which one must hold: those of an OR.
pub(super) fn disjuncts(expr: &Expr) -> Vec<&Expr> {
    parts(expr, &sqlparser::ast::BinaryOperator::Or)
}

fn parts<'a>(expr: &'a Expr, operator: &sqlparser::ast::BinaryOperator) -> Vec<&'a Expr> {
    let (mut open, mut parts) = (vec![expr], Vec::new());
    while let Some(next) = open.pop() {
        match bare(next) {
            Expr::BinaryOp { left, op, right } if op == operator => open.extend([&**right, &**left]),
            part => parts.push(part),
        }
    }
    parts
}

/// The conditions a predicate is made of, ANDs and ORs taken apart. What stands under a NOT is left out: no index range
/// answers it either way.
pub(super) fn conditions(predicate: &Expr) -> Vec<&Expr> {
    let (mut open, mut leaves) = (vec![predicate], Vec::new());
    while let Some(next) = open.pop() {
        let all = conjuncts(next);
        let any = disjuncts(next);
        match (all.len(), any.len()) {
            (1, 1) => leaves.push(all[0]),
            (1, _) => open.extend(any.into_iter().rev()),
            _ => open.extend(all.into_iter().rev()),
        }
    }
    leaves
}
