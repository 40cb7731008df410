use std::collections::HashMap;

use metrics::{Counter, Gauge, Label, counter, gauge};

use super::catalogue::{
    ERRORS, EVICTIONS, FILLS, OWED, QUEUED, READ, REFUSED, RESTING, STATEMENTS, UNDECODABLE, WRITTEN,
};
use crate::stats::LayerStats;

/// One layer's figures; its hits and misses stand with the regions.
pub(super) struct LayerHandles {
    labels: Vec<Label>,
    fills: Counter,
    refused: Counter,
    errors: Counter,
    evictions: Option<Counter>,
    below: Option<Below>,
    statements: Option<Counter>,
    undecodable: HashMap<&'static str, Counter>,
}

/// What only shared layers have.
struct Below {
    read: Counter,
    written: Counter,
    queued: Counter,
    owed: Gauge,
    resting: Gauge,
}

impl LayerHandles {
    pub(super) fn new(cache: &str, layer: &'static str) -> Self {
        let labels = vec![Label::new("cache", cache.to_owned()), Label::from_static_parts("layer", layer)];
        let count = |name: &'static str| counter!(name, labels.clone());
        let below = (layer != "l1").then(|| Below {
            read: count(READ),
            written: count(WRITTEN),
            queued: count(QUEUED),
            owed: gauge!(OWED, labels.clone()),
            resting: gauge!(RESTING, labels.clone()),
        });
        Self {
            fills: count(FILLS),
            refused: count(REFUSED),
            errors: count(ERRORS),
            // Redis evicts by its own rules and tells nobody.
            evictions: (layer != "l2").then(|| count(EVICTIONS)),
            statements: (layer == "l3").then(|| count(STATEMENTS)),
            undecodable: HashMap::new(),
            below,
            labels,
        }
    }

    pub(super) fn show(&mut self, stats: &LayerStats) {
        self.fills.absolute(stats.fills);
        self.refused.absolute(stats.refused_fills);
        self.errors.absolute(stats.errors);
        if let Some(evictions) = &self.evictions {
            evictions.absolute(stats.evictions);
        }
        if let Some(statements) = &self.statements {
            statements.absolute(stats.statements);
        }
        if let Some(below) = &self.below {
            below.read.absolute(stats.read_bytes);
            below.written.absolute(stats.written_bytes);
            below.queued.absolute(stats.queued_invalidations);
            below.owed.set(stats.owed_invalidations as f64);
            below.resting.set(f64::from(u8::from(stats.resting)));
        }
        for (reason, count) in &stats.undecodable_by_reason {
            let handle = self.undecodable.entry(reason).or_insert_with(|| {
                let mut labels = self.labels.clone();
                labels.push(Label::from_static_parts("reason", reason));
                counter!(UNDECODABLE, labels)
            });
            handle.absolute(*count);
        }
    }
}
