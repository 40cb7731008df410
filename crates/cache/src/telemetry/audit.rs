use std::sync::Arc;

use metrics::{Counter, counter};

use super::catalogue::{AUDITED, INCOHERENT, UNANSWERED};
use crate::auditor::{AuditReport, Auditor, Incoherence, Ledger};

/// What the auditors of a cache found, together: a key that two of them draw counts twice.
pub(super) struct AuditHandles {
    ledgers: Vec<Arc<Ledger>>,
    checked: Counter,
    unanswered: Counter,
    incoherent: [Counter; Incoherence::ALL.len()],
}

impl AuditHandles {
    pub(super) fn new(cache: &str) -> Self {
        let count = |name: &'static str| counter!(name, "cache" => cache.to_owned());
        Self {
            ledgers: Vec::new(),
            checked: count(AUDITED),
            unanswered: count(UNANSWERED),
            incoherent: Incoherence::ALL
                .map(|kind| counter!(INCOHERENT, "cache" => cache.to_owned(), "kind" => kind.name())),
        }
    }

    pub(super) fn add(&mut self, auditor: &Auditor) {
        self.ledgers.push(auditor.ledger.clone());
    }

    pub(super) fn show(&self) {
        let reports: Vec<AuditReport> = self.ledgers.iter().map(|ledger| ledger.report()).collect();
        let sum = |of: &dyn Fn(&AuditReport) -> u64| reports.iter().map(of).sum();
        self.checked.absolute(sum(&|report| report.checked));
        self.unanswered.absolute(sum(&|report| report.unanswered));
        for (counter, kind) in self.incoherent.iter().zip(Incoherence::ALL) {
            counter.absolute(sum(&|report| report.of(kind)));
        }
    }
}
