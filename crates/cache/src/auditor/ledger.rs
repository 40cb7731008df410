use std::collections::VecDeque;

use parking_lot::Mutex;

use super::finding::Finding;
use super::report::AuditReport;

/// What was found so far; its lock is held for a few lines, and never by a reader of the cache.
#[derive(Debug)]
pub(crate) struct Ledger {
    keep: usize,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    report: AuditReport,
    findings: VecDeque<Finding>,
}

impl Ledger {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, pages: Mutex::default() }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut AuditReport)) {
        change(&mut self.pages.lock().report);
    }

    pub(super) fn enter(&self, finding: Finding) {
        let mut pages = self.pages.lock();
        pages.report.count(finding.kind);
        if pages.findings.len() >= self.keep {
            pages.findings.pop_front();
        }
        pages.findings.push_back(finding);
    }

    pub(crate) fn report(&self) -> AuditReport {
        self.pages.lock().report
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        self.pages.lock().findings.iter().cloned().collect()
    }
}
