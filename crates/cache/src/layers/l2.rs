use std::sync::Arc;
use std::time::Duration;

use smallvec::smallvec;

use super::backlog::{Backlog, Owed, Revocation};
use super::gather::{Gather, One};
use super::guard::Guard;
use super::keeper::{Claim, Claims, Found, Keeper, Stored, Token, Wanted};
use super::shared::{Item, LayerError, Prolonged};
use crate::clock::{Clock, Now};
use crate::counter::Tally;
use crate::error::ConfigError;
use crate::invalidate::Delivery;
use crate::standing::Standing;
use crate::stats::{LayerCounters, LayerStats};

/// The keeper as the ways through the house see it: fenced, guarded, counted, and never read while it is owed an
/// invalidation.
#[derive(Debug)]
pub(crate) struct L2 {
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) counters: LayerCounters,
    pub(crate) backlog: Backlog,
    pub(crate) config: L2Config,
    pub(super) gather: Gather,
    standing: Arc<Standing>,
    clock: Arc<Clock>,
    guard: Guard,
}

/// What the protocol needs to know, whoever the keeper is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct L2Config {
    pub(crate) command_timeout: Duration,
    /// Most invalidations remembered one by one while the keeper is away.
    pub(crate) backlog: usize,
    /// No node serves what an acknowledged invalidation made dead for longer.
    pub(crate) staleness_bound: Duration,
    /// Longest wait for another node's load.
    pub(crate) patience: Duration,
    pub(crate) lease: Duration,
}

impl L2 {
    pub(crate) fn new(
        name: &str,
        keeper: Arc<dyn Keeper>,
        config: L2Config,
        standing: Arc<Standing>,
        clock: Arc<Clock>,
    ) -> Result<Arc<Self>, ConfigError> {
        let guard = Guard::new(name, config.command_timeout)?;
        let backlog = Backlog::new(name, config.backlog);
        let backlog =
            if keeper.may_be_deposed() { backlog.remembering(config.staleness_bound) } else { backlog };
        Ok(Arc::new(Self {
            keeper,
            counters: LayerCounters::default(),
            backlog,
            config,
            gather: Gather::default(),
            standing,
            clock,
            guard,
        }))
    }

    /// One command, and when it was answered; single keys of many callers share it.
    pub(crate) async fn read(self: &Arc<Self>, keys: &[Arc<str>]) -> Result<(Found, Now), LayerError> {
        #[cfg(all(test, feature = "redis"))]
        crate::hold::at(crate::hold::Point::Read).await?;
        #[cfg(all(test, feature = "redis"))]
        if crate::hold::is_held() {
            // A batch goes in a task of its own, which nobody would hold.
            return self.read_now(keys).await;
        }
        if let [key] = keys {
            // A turn at telling what is owed is the caller's, not the line's; and while it is away no place is worth taking.
            self.open_for_reads().await?;
            let One { clock, now, bytes } = Gather::read(self, key).await?;
            return Ok((Found { clock, bytes: smallvec![bytes] }, now));
        }
        self.read_now(keys).await
    }

    pub(super) async fn read_now(&self, keys: &[Arc<str>]) -> Result<(Found, Now), LayerError> {
        let epoch = self.open_for_reads().await?;
        let found = self.run(self.keeper.read(epoch, keys)).await?;
        let bytes = found.bytes.iter().flatten().map(|bytes| bytes.len() as u64).sum();
        self.counters.reads.add(Tally { bytes, ..Tally::default() });
        Ok((found, self.clock.look()))
    }

    /// Answers the epoch the tokens are good in beside them.
    pub(crate) async fn claim(&self, wanted: &[Wanted], give_up: bool) -> Result<(Claims, u64), LayerError> {
        #[cfg(all(test, feature = "redis"))]
        crate::hold::at(crate::hold::Point::Claim).await?;
        let epoch = self.open_for_reads().await?;
        let claims = self.run(self.keeper.claim(epoch, wanted, give_up)).await?;
        for (claim, _) in &claims.claims {
            if let Claim::Found(bytes) = claim {
                self.counters.reads.add(Tally { bytes: bytes.len() as u64, ..Tally::default() });
            }
        }
        Ok((claims, epoch))
    }

    pub(crate) async fn renew(&self, epoch: u64, key: &str, token: Token) {
        if self.standing.fence() == Some(epoch) {
            let _ = self.run(self.keeper.renew(epoch, key, token)).await;
        }
    }

    /// Worth no wait for what is owed: what an invalidation speaks of is dead, however long it lies there.
    pub(crate) async fn prolong(&self, prolonged: &Prolonged) {
        if let Some(epoch) = self.standing.fence() {
            let _ = self.run(self.keeper.prolong(epoch, prolonged)).await;
        }
    }

    /// In the epoch the load began in, or not at all.
    pub(crate) async fn commit(&self, epoch: u64, items: &[(Item, Token)]) {
        #[cfg(all(test, feature = "redis"))]
        let _ = crate::hold::at(crate::hold::Point::Commit).await;
        let count = items.len() as u64;
        if self.standing.fence() != Some(epoch) {
            self.counters.refused.add(count);
            return;
        }
        self.counters.sent(items.iter().map(|(item, _)| item));
        match self.run(self.keeper.commit(epoch, items)).await {
            Ok(refused) => self.counters.filled(count, refused),
            Err(_) => self.counters.refused.add(count),
        }
    }

    /// Writes what is true from `at` on; the caller owes the keys an invalidation until this succeeds.
    pub(crate) async fn store(&self, at: u64, items: &[Item]) -> Result<Stored, LayerError> {
        let epoch = self.open_for_reads().await?;
        self.counters.sent(items);
        let stored = self.run(self.keeper.store(epoch, at, items)).await?;
        self.still_in(epoch)?;
        self.counters.filled(items.len() as u64, stored.outdated.len() as u64);
        Ok(stored)
    }

    pub(crate) fn owe(&self, at: u64, revocation: Revocation) -> Owed<'_> {
        Owed { backlog: &self.backlog, at, revocation: Some(revocation) }
    }

    /// Tells the keeper what it is owed; unless it acknowledges, it stays owed.
    pub(crate) async fn pay(&self, owed: Owed<'_>) -> (Delivery, u64) {
        let at = owed.at;
        let Some(revocation) = &owed.revocation else { return (Delivery::Applied, at) };
        if self.settle_backlog().await.is_ok()
            && let Ok(clock) = self.tell(at, revocation).await
        {
            owed.settle();
            return (Delivery::Applied, clock);
        }
        (Delivery::Queued, at)
    }

    /// Replays what is owed, in order: before it is told all, the keeper is not read.
    pub(crate) async fn settle_backlog(&self) -> Result<(), LayerError> {
        if self.backlog.is_empty() {
            return Ok(());
        }
        // Not worth a place in the line while it is away.
        self.fence()?;
        let _turn = self.backlog.replaying.lock().await;
        while let Some(first) = self.backlog.first() {
            self.tell(first.0, &first.1).await?;
            self.backlog.settle(&first);
        }
        Ok(())
    }

    pub(crate) fn stats(&self) -> LayerStats {
        LayerStats {
            owed_invalidations: self.backlog.len() as u64,
            queued_invalidations: self.backlog.queued(),
            resting: self.guard.is_resting(),
            ..self.counters.snapshot()
        }
    }

    /// The keeper was heard from: commands may flow again at once.
    pub(crate) fn heard(&self) {
        self.guard.reset();
    }

    async fn tell(&self, at: u64, revocation: &Revocation) -> Result<u64, LayerError> {
        #[cfg(all(test, feature = "redis"))]
        crate::hold::at(crate::hold::Point::Tell).await?;
        let epoch = self.fence()?;
        let clock = self.run(self.keeper.revoke(epoch, at, revocation)).await?;
        self.still_in(epoch)?;
        Ok(clock)
    }

    /// An answer of an older epoch may speak of a keeper that has since lost what it was told.
    fn still_in(&self, epoch: u64) -> Result<(), LayerError> {
        if self.standing.epoch() == epoch { Ok(()) } else { Err(LayerError::Fenced) }
    }

    async fn open_for_reads(&self) -> Result<u64, LayerError> {
        self.settle_backlog().await?;
        self.fence()
    }

    fn fence(&self) -> Result<u64, LayerError> {
        self.standing.fence().ok_or_else(|| {
            self.counters.errors.add(1);
            LayerError::Away("not connected".to_owned())
        })
    }

    async fn run<T>(&self, command: impl Future<Output = Result<T, LayerError>>) -> Result<T, LayerError> {
        let answer = self.guard.run(command).await;
        match &answer {
            Ok(_) => {}
            Err(LayerError::Fenced) => self.standing.suspect(),
            Err(LayerError::Away(_)) => {
                self.counters.errors.add(1);
                // The pulse finds out whether it is the command or the connection.
                self.standing.check.notify_one();
            }
        }
        answer
    }
}
