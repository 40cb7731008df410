use crate::{Dialect, Finding, query::QueryAnalyzer};

/// What one rule finds in a text; the text must parse.
pub(super) fn findings(dialect: Dialect, rule: &str, sql: &str) -> Vec<Finding> {
    let report = QueryAnalyzer::new(dialect).analyze(sql);
    assert_eq!(report.skipped, [], "{sql}");
    report.findings.into_iter().filter(|finding| finding.rule == rule).collect()
}

/// Asserts that each text gives exactly these objects.
pub(super) fn fires(dialect: Dialect, rule: &str, cases: &[(&str, &[&str])]) {
    for (sql, objects) in cases {
        let found = findings(dialect, rule, sql);
        let found: Vec<&str> = found.iter().map(|finding| finding.object.as_str()).collect();
        assert_eq!(found, *objects, "{sql}");
    }
}

/// Asserts that no text gives anything.
pub(super) fn silent(dialect: Dialect, rule: &str, texts: &[&str]) {
    for sql in texts {
        assert_eq!(findings(dialect, rule, sql), [], "{sql}");
    }
}
