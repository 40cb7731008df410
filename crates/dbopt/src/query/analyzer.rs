use std::ops::ControlFlow;

use sqlparser::{ast::Visit, parser::Parser};

use super::{
    config::{QueryConfig, QueryConfigError},
    context::Context,
    rule::{QueryRule, RulePage},
    rules,
    walk::Walk,
};
use crate::{Dialect, Report, SkipReason, Skipped};

/// Finds what is wrong with a query from its text alone: no server, no schema.
///
/// ```
/// use mainstay_dbopt::{Dialect, query::QueryAnalyzer};
///
/// let analyzer = QueryAnalyzer::new(Dialect::Postgres);
/// let report = analyzer.analyze("SELECT id FROM users WHERE lower(name) = $1");
/// let finding = &report.findings[0];
/// assert_eq!(finding.rule, "query.wrapped-column");
/// assert_eq!(
///     finding.fix.as_ref().map(|fix| fix.sql.as_str()),
///     Some(r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "users_lower_name_idx" ON "users" ((lower(name)))"#),
/// );
/// // What cannot be read is never called clean.
/// assert!(!analyzer.analyze("SELEC 1").is_clean());
/// ```
#[derive(Debug)]
pub struct QueryAnalyzer {
    dialect: Dialect,
    config: QueryConfig,
    rules: Vec<Box<dyn QueryRule>>,
}

impl QueryAnalyzer {
    /// All rules, at their default thresholds.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, config: QueryConfig::default(), rules: rules::all() }
    }

    /// All rules, at these thresholds.
    ///
    /// # Errors
    ///
    /// [`QueryConfigError`] if one is outside its range.
    pub fn with_config(dialect: Dialect, config: QueryConfig) -> Result<Self, QueryConfigError> {
        config.validate()?;
        Ok(Self { config, ..Self::new(dialect) })
    }

    /// Each rule's page of documentation.
    pub fn pages(&self) -> impl Iterator<Item = RulePage> + '_ {
        self.rules.iter().map(|rule| rule.page())
    }

    /// What is wrong with the statements of a text. A text that does not parse as a whole is skipped as a whole.
    #[must_use]
    pub fn analyze(&self, sql: &str) -> Report {
        if sql.len() > self.config.max_text_bytes {
            return skipped(SkipReason::TooLong { bytes: sql.len(), max: self.config.max_text_bytes });
        }
        // `1+1+1…` is a tree as deep as the text is long, and dropping one is not guarded by the parser's own limit. The
        // pages of a stack that is not used are never touched.
        stacker::maybe_grow(sql.len() * STACK_PER_BYTE, sql.len() * STACK_PER_BYTE + RED_ZONE, || {
            self.read(sql)
        })
    }

    fn read(&self, sql: &str) -> Report {
        let statements = match Parser::parse_sql(&*self.dialect.parser(), sql) {
            Ok(statements) if statements.is_empty() => return skipped(SkipReason::Empty),
            Ok(statements) => statements,
            Err(error) => return skipped(SkipReason::Unparsable { message: error.to_string() }),
        };
        let mut context =
            Context { dialect: self.dialect, config: &self.config, ctes: Vec::new(), findings: Vec::new() };
        for statement in &statements {
            let ControlFlow::Continue(()) = statement.visit(&mut Walk::new(&self.rules, &mut context));
        }
        Report { findings: context.findings, ..Report::default() }
    }
}

fn skipped(reason: SkipReason) -> Report {
    Report { skipped: vec![Skipped { rule: "query.*".into(), reason }], ..Report::default() }
}

/// A level of the tree takes two bytes of text at least, and each of its frames less than a KiB without optimisation.
const STACK_PER_BYTE: usize = 512;
const RED_ZONE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_reported_as_such() {
        let analyzer = QueryAnalyzer::new(Dialect::Postgres);
        for text in ["SELEC * FROM t", "SELECT * FROM t WHERE", "SELECT 1; SELEC 2", "SELECT 'x"] {
            let report = analyzer.analyze(text);
            assert!(matches!(report.skipped[0].reason, SkipReason::Unparsable { .. }), "{text}: {report:?}");
            assert!(report.findings.is_empty() && !report.is_clean(), "{text}");
        }
        for text in ["", "  ", "-- nothing", ";"] {
            assert_eq!(analyzer.analyze(text).skipped[0].reason, SkipReason::Empty, "{text}");
        }
        let long = format!("SELECT '{}'", "x".repeat(65_536));
        let reason = SkipReason::TooLong { bytes: long.len(), max: 65_536 };
        assert_eq!(analyzer.analyze(&long).skipped[0].reason, reason);
    }

    #[test]
    fn chains_as_long_as_a_text_may_be_do_not_overflow_the_stack() {
        let config = QueryConfig::default().max_text_bytes(256 * 1024);
        let analyzer = QueryAnalyzer::with_config(Dialect::Postgres, config).unwrap();
        for joint in [" OR a=1", " AND b=2", "+1"] {
            let text = format!("SELECT 1 FROM t WHERE a=1{}", joint.repeat((256 * 1024 - 40) / joint.len()));
            let report = analyzer.analyze(&text);
            assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        }
        let deep = format!("SELECT 1 FROM t WHERE {}a=1{}", "(".repeat(30_000), ")".repeat(30_000));
        assert!(matches!(analyzer.analyze(&deep).skipped[0].reason, SkipReason::Unparsable { .. }));
    }

    #[test]
    fn settings_outside_their_range_are_named() {
        let error = QueryConfig::default().large_offset(0).validate().unwrap_err();
        assert_eq!(error.to_string(), "large_offset = 0 is outside 1 or more rows");
        let error = QueryConfig::default().max_text_bytes(2_000_000).validate().unwrap_err();
        assert_eq!(error.to_string(), "max_text_bytes = 2000000 is outside 1..=262144 bytes");
    }

    #[test]
    fn findings_are_placed_and_keyed() {
        let analyzer = QueryAnalyzer::new(Dialect::Postgres);
        let keys = |sql: &str| {
            let findings = analyzer.analyze(sql).findings;
            findings.into_iter().map(|finding| finding.suppress_key).collect::<Vec<_>>()
        };
        let one = keys("SELECT id FROM t\nWHERE name LIKE '%x'");
        assert_eq!(one, keys("select id from t where name   like '%x'"));
        assert_ne!(one, keys("SELECT id FROM t WHERE name LIKE '%y'"));
        let report = analyzer.analyze("SELECT id FROM t\nWHERE name LIKE '%x'");
        let crate::Evidence::QueryText { snippet, place } = &report.findings[0].evidence;
        assert_eq!(snippet, "name LIKE '%x'");
        assert_eq!(*place, Some(crate::Place { line: 2, column: 7 }));
    }
}
