use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::config::AuditConfig;
use super::finding::Finding;
use super::ledger::Ledger;
use super::look::{Look, is_served, see_below};
use super::source::Source;
use crate::inner::Inner;

/// The rounds, until the cache is gone.
pub(super) struct Audit {
    pub(super) cache: Weak<Inner>,
    pub(super) config: AuditConfig,
    pub(super) source: Option<Source>,
    pub(super) ledger: Arc<Ledger>,
}

impl Audit {
    pub(super) async fn run(self) {
        while self.round().await.is_some() {
            tokio::time::sleep(self.config.every).await;
        }
    }

    /// Two looks at what differs, with more time between than any layer may lag. None if the cache is gone.
    async fn round(&self) -> Option<()> {
        let cache = self.cache.upgrade()?;
        let mut looks = self.sample(&cache);
        let began = Instant::now();
        let seen = see_below(&cache, &mut looks, self.source.as_ref()).await;
        let wait = self.wait(&cache);
        drop(cache);
        self.ledger.count(|report| {
            report.checked += if seen.is_ok() { looks.len() as u64 } else { 0 };
            report.unanswered += u64::from(seen.is_err());
        });
        looks.retain(|look| seen.is_ok() && !look.wrongs().is_empty());
        if !looks.is_empty() {
            self.ledger.count(|report| report.suspected += looks.len() as u64);
            tokio::time::sleep(wait).await;
            self.look_again(&looks, began).await?;
        }
        self.ledger.count(|report| report.rounds += 1);
        Some(())
    }

    fn sample(&self, cache: &Inner) -> Vec<Look> {
        let regions: HashMap<u32, _> = {
            let opened = cache.regions.lock();
            let wanted = opened
                .iter()
                .filter(|(name, _)| self.config.regions.is_empty() || self.config.regions.contains(name));
            wanted.map(|(_, opened)| (opened.meta.id, (opened.meta.clone(), opened.inspector))).collect()
        };
        let looks = cache.l1.sample(self.config.sample).into_iter().filter_map(|(key, entry)| {
            let (region, inspector) = regions.get(&entry.region)?;
            is_served(cache, region, &key, &entry).then(|| Look::new(key, region.clone(), *inspector, entry))
        });
        looks.collect()
    }

    /// The promise, and what an invalidation of this node's own may take that has reached Redis and is not yet answered.
    fn wait(&self, cache: &Inner) -> Duration {
        let promised = cache.l2.as_ref().map(|l2| l2.config.staleness_bound + 2 * l2.config.command_timeout);
        promised.unwrap_or_default() + self.config.grace
    }

    async fn look_again(&self, suspects: &[Look], began: Instant) -> Option<()> {
        let cache = self.cache.upgrade()?;
        let mut looks: Vec<Look> = suspects.iter().map(Look::again).collect();
        looks.iter_mut().zip(suspects).for_each(|(look, then)| look.see_memory(&cache, then));
        if see_below(&cache, &mut looks, self.source.as_ref()).await.is_err() {
            self.ledger.count(|report| report.unanswered += 1);
            return Some(());
        }
        for (mut look, then) in looks.into_iter().zip(suspects) {
            // Memory once more, last: what left it while the others were asked is nobody's fault.
            look.see_memory(&cache, then);
            look.see_source(then);
            let before = then.wrongs();
            for kind in look.wrongs().into_iter().filter(|kind| before.contains(kind)) {
                let (memory, redis) = look.sides();
                self.ledger.enter(Finding {
                    of: look.of(),
                    kind,
                    memory,
                    redis,
                    source: look.source,
                    lasted: began.elapsed(),
                    at: SystemTime::now(),
                });
            }
        }
        Some(())
    }
}
