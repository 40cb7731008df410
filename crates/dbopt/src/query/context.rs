use std::fmt::Display;

use sha2::{Digest, Sha256};
use sqlparser::ast::Spanned;

use super::config::QueryConfig;
use crate::{Confidence, Dialect, Evidence, Finding, Fix, Place, Severity};

/// What a rule is told about where it looks, and where it puts what it finds.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) config: &'a QueryConfig,
    /// Names of CTEs that are in sight, innermost last.
    pub(super) ctes: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// A finding but for what the context adds.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) object: String,
    pub(super) why: String,
    pub(super) fix: Option<Fix>,
}

const LONGEST_SNIPPET: usize = 200;

impl Context<'_> {
    /// Reports a finding at a part of the text.
    pub(super) fn report(&mut self, part: &(impl Display + Spanned), verdict: Verdict) {
        let Verdict { rule, severity, confidence, object, why, fix } = verdict;
        let whole = part.to_string();
        let mut snippet: String = whole.chars().take(LONGEST_SNIPPET).collect();
        if snippet.len() < whole.len() {
            snippet.push('…');
        }
        let start = part.span().start;
        let place = (start.line > 0).then_some(Place { line: start.line, column: start.column });
        let digest = Sha256::digest(format!("{object}\0{whole}"));
        let key: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.findings.push(Finding {
            rule: rule.into(),
            severity,
            confidence,
            object,
            evidence: Evidence::QueryText { snippet, place },
            why,
            fix,
            suppress_key: format!("{rule}:{key}"),
        });
    }
}
