use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::backlog::{Backlog, Owed, Revocation};
use super::guard::Guard;
use super::shared::{Item, LayerError, Prolonged, Shared, Slot};
use crate::counter::Tally;
use crate::error::ConfigError;
use crate::invalidate::Delivery;
use crate::stats::{LayerCounters, LayerStats};

/// The durable layer as the ways through the house see it: guarded, counted, and never read while it is owed an
/// invalidation.
#[derive(Debug)]
pub(crate) struct Lower {
    /// Whether this node alone writes to it, so that others' invalidations must be carried to it.
    pub(crate) private: bool,
    pub(crate) counters: Arc<LayerCounters>,
    pub(crate) backlog: Backlog,
    layer: Arc<dyn Shared>,
    guard: Arc<Guard>,
    behind: Option<mpsc::Sender<Behind>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// Work for the writer that runs behind the callers.
#[derive(Debug)]
enum Behind {
    Fill(Vec<Item>),
    Flush(oneshot::Sender<()>),
}

const BEHIND: usize = 1_024;
const BATCH: usize = 128;

impl Lower {
    pub(crate) fn new(
        name: &str,
        layer: Arc<dyn Shared>,
        private: bool,
        limit: Duration,
        backlog: usize,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            private,
            counters: Arc::default(),
            backlog: Backlog::new(name, backlog),
            layer,
            guard: Arc::new(Guard::new(name, limit)?),
            behind: None,
            tasks: Mutex::default(),
        })
    }

    /// Writes fills behind the callers, in batches, from now on. A late write cannot undo an invalidation: the layer
    /// refuses it by its `born`.
    pub(crate) fn write_behind(mut self) -> Self {
        let (sender, receiver) = mpsc::channel(BEHIND);
        let writer = write(receiver, self.layer.clone(), self.guard.clone(), self.counters.clone());
        self.behind = Some(sender);
        self.tasks.get_mut().push(tokio::spawn(writer));
        self
    }

    pub(crate) fn swept_every(self, period: Duration) -> Self {
        let (layer, counters) = (self.layer.clone(), self.counters.clone());
        self.tasks.lock().push(tokio::spawn(async move {
            loop {
                tokio::time::sleep(period).await;
                sweep(layer.as_ref(), &counters).await;
            }
        }));
        self
    }

    /// Sweeps out of turn.
    #[cfg(test)]
    pub(crate) async fn sweep(&self) {
        sweep(self.layer.as_ref(), &self.counters).await;
    }

    pub(crate) async fn read(&self, keys: &[Arc<str>]) -> Result<Vec<Slot>, LayerError> {
        self.settle_backlog().await?;
        let slots = self.run(self.layer.read(keys)).await?;
        let bytes = slots.iter().filter_map(|slot| slot.bytes.as_ref()).map(|bytes| bytes.len() as u64).sum();
        self.counters.reads.add(Tally { bytes, ..Tally::default() });
        Ok(slots)
    }

    pub(crate) async fn fill(&self, items: Vec<Item>) {
        let count = items.len() as u64;
        match &self.behind {
            Some(behind) => {
                if behind.try_send(Behind::Fill(items)).is_err() {
                    self.counters.refused.add(count);
                }
            }
            // A layer that is owed an invalidation has nothing to gain from a fill.
            None if !self.backlog.is_empty() => self.counters.refused.add(count),
            None => {
                self.counters.sent(&items);
                if let Ok(refused) = self.run(self.layer.fill(&items)).await {
                    self.counters.filled(count, refused);
                }
            }
        }
    }

    /// Writes what is true from now on; the caller owes the keys an invalidation until this succeeds.
    pub(crate) async fn store(&self, items: &[Item]) -> Result<(), LayerError> {
        self.settle_backlog().await?;
        self.counters.sent(items);
        let refused = self.run(self.layer.fill(items)).await?;
        self.counters.filled(items.len() as u64, refused);
        Ok(())
    }

    pub(crate) async fn prolong(&self, prolonged: &Prolonged) {
        if self.backlog.is_empty() {
            let _ = self.run(self.layer.prolong(prolonged)).await;
        }
    }

    pub(crate) fn owe(&self, at: u64, revocation: Revocation) -> Owed<'_> {
        Owed { backlog: &self.backlog, at, revocation: Some(revocation) }
    }

    /// Tells the layer what it is owed; unless it acknowledges, it stays owed.
    pub(crate) async fn pay(&self, owed: Owed<'_>) -> Delivery {
        let Some(revocation) = &owed.revocation else { return Delivery::Applied };
        if self.settle_backlog().await.is_ok()
            && self.run(self.layer.revoke(owed.at, revocation)).await.is_ok()
        {
            owed.settle();
            return Delivery::Applied;
        }
        Delivery::Queued
    }

    pub(crate) async fn flush(&self) {
        let Some(behind) = &self.behind else { return };
        let (done, written) = oneshot::channel();
        if behind.send(Behind::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }

    pub(crate) fn stats(&self) -> LayerStats {
        LayerStats {
            owed_invalidations: self.backlog.len() as u64,
            queued_invalidations: self.backlog.queued(),
            resting: self.guard.is_resting(),
            statements: self.layer.statements(),
            ..self.counters.snapshot()
        }
    }

    async fn settle_backlog(&self) -> Result<(), LayerError> {
        if self.backlog.is_empty() {
            return Ok(());
        }
        let _turn = self.backlog.replaying.lock().await;
        while let Some(first) = self.backlog.first() {
            self.run(self.layer.revoke(first.0, &first.1)).await?;
            self.backlog.settle(&first);
        }
        Ok(())
    }

    async fn run<T>(&self, command: impl Future<Output = Result<T, LayerError>>) -> Result<T, LayerError> {
        let answer = self.guard.run(command).await;
        if answer.is_err() {
            self.counters.errors.add(1);
        }
        answer
    }
}

async fn sweep(layer: &dyn Shared, counters: &LayerCounters) {
    match layer.sweep().await {
        Ok(evicted) => counters.evictions.add(evicted),
        Err(_) => counters.errors.add(1),
    }
}

impl Drop for Lower {
    fn drop(&mut self) {
        // The writer ends by itself when its sender is gone, having written what was handed to it; only sweepers run on.
        let writers = usize::from(self.behind.is_some());
        for sweeper in self.tasks.get_mut().drain(..).skip(writers) {
            sweeper.abort();
        }
    }
}

async fn write(
    mut work: mpsc::Receiver<Behind>,
    layer: Arc<dyn Shared>,
    guard: Arc<Guard>,
    counters: Arc<LayerCounters>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while work.recv_many(&mut batch, BATCH).await > 0 {
        let mut items: Vec<Item> = Vec::new();
        let mut flushes = Vec::new();
        for task in batch.drain(..) {
            match task {
                Behind::Fill(more) => items.extend(more),
                Behind::Flush(done) => flushes.push(done),
            }
        }
        if !items.is_empty() {
            counters.sent(&items);
            match guard.run(layer.fill(&items)).await {
                Ok(refused) => counters.filled(items.len() as u64, refused),
                Err(_) => counters.errors.add(1),
            }
        }
        for done in flushes {
            let _ = done.send(());
        }
    }
}
