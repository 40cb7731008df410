use std::{collections::HashMap, ops::ControlFlow};

use sqlparser::ast::{
    Delete, Expr, FromTable, JoinConstraint, JoinOperator, Query, Select, SetExpr, Statement, TableFactor,
    TableWithJoins, Update, UpdateTableFromKind, Visitor,
};

use super::{
    context::Context,
    rule::{QueryRule, Role},
    tables::{Tables, folded},
};

/// Walks a statement and shows each rule every place of its kind.
pub(super) struct Walk<'a, 'c> {
    pub(super) rules: &'a [Box<dyn QueryRule>],
    pub(super) context: &'a mut Context<'c>,
    /// What the rows of a query met further down are for, by its address; a visit hands out no longer-lived reference.
    roles: HashMap<*const Query, Use>,
    open: Vec<Open>,
}

#[derive(Clone, Copy)]
struct Use {
    role: Role,
    /// Whether its columns may belong to the query around it.
    correlated: bool,
}

struct Open {
    used: Use,
    /// How many CTE names were in sight before.
    ctes: usize,
}

impl<'a, 'c> Walk<'a, 'c> {
    pub(super) fn new(rules: &'a [Box<dyn QueryRule>], context: &'a mut Context<'c>) -> Self {
        Self { rules, context, roles: HashMap::new(), open: Vec::new() }
    }

    fn correlated(&self) -> bool {
        self.open.last().is_some_and(|open| open.used.correlated)
    }

    fn tables<'t>(&self, from: impl IntoIterator<Item = &'t TableWithJoins>) -> Tables {
        Tables::of(from, &self.context.ctes, self.correlated(), self.context.dialect)
    }

    fn predicate(&mut self, predicate: &Expr, tables: &Tables) {
        for rule in self.rules {
            rule.predicate(predicate, tables, self.context);
        }
    }

    fn predicates(&mut self, from: &[&TableWithJoins], selection: Option<&Expr>) {
        let tables = self.tables(from.iter().copied());
        for item in from {
            self.join_predicates(item, &tables);
        }
        if let Some(selection) = selection {
            self.predicate(selection, &tables);
        }
    }

    fn join_predicates(&mut self, item: &TableWithJoins, tables: &Tables) {
        for factor in std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)) {
            if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
                self.join_predicates(table_with_joins, tables);
            }
        }
        for join in &item.joins {
            if let Some(on) = condition(&join.join_operator) {
                self.predicate(on, tables);
            }
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Query(query) => {
                let used = Use { role: Role::Source, correlated: self.correlated() };
                self.roles.insert(std::ptr::from_ref(&**query), used);
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            _ => {}
        }
    }
}

impl Visitor for Walk<'_, '_> {
    type Break = std::convert::Infallible;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Self::Break> {
        match statement {
            Statement::Update(Update { table, from, selection, .. }) => {
                let mut all = vec![table];
                if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) = from
                {
                    all.extend(more);
                }
                self.predicates(&all, selection.as_ref());
            }
            Statement::Delete(Delete { from, using, selection, .. }) => {
                let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = from;
                let all: Vec<&TableWithJoins> = tables.iter().chain(using.iter().flatten()).collect();
                self.predicates(&all, selection.as_ref());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let outermost = Use { role: Role::Result, correlated: !self.open.is_empty() };
        let used = self.roles.remove(&std::ptr::from_ref(query)).unwrap_or(outermost);
        for rule in self.rules {
            rule.query(query, used.role, self.context);
        }
        let ctes = self.context.ctes.len();
        self.open.push(Open { used, ctes });
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let used = Use { role: Role::Source, correlated: used.correlated };
            self.roles.insert(std::ptr::from_ref(&*cte.query), used);
            self.context.ctes.push(folded(&cte.alias.name, self.context.dialect));
        }
        self.body(&query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        if let Some(open) = self.open.pop() {
            self.context.ctes.truncate(open.ctes);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let from: Vec<&TableWithJoins> = select.from.iter().collect();
        self.predicates(&from, select.selection.as_ref());
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Derived { subquery, lateral, .. } = factor {
            let used = Use { role: Role::Source, correlated: *lateral || self.correlated() };
            self.roles.insert(std::ptr::from_ref(&**subquery), used);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if let Expr::Exists { subquery, .. } = expr {
            let used = Use { role: Role::Exists, correlated: true };
            self.roles.insert(std::ptr::from_ref(&**subquery), used);
        }
        ControlFlow::Continue(())
    }
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    let (JoinOperator::Join(constraint)
    | JoinOperator::Inner(constraint)
    | JoinOperator::Left(constraint)
    | JoinOperator::LeftOuter(constraint)
    | JoinOperator::Right(constraint)
    | JoinOperator::RightOuter(constraint)
    | JoinOperator::FullOuter(constraint)
    | JoinOperator::CrossJoin(constraint)) = operator
    else {
        return None;
    };
    match constraint {
        JoinConstraint::On(condition) => Some(condition),
        _ => None,
    }
}
