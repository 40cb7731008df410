use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::inner::Inner;
use crate::layers::keeper::{Push, Subscription};
use crate::layers::shared::LayerError;
use crate::monotonic::RESOLUTION;

const FIRST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Keeps the node in step with the keeper until the cache is dropped: connects, says hello, applies what is announced, asks
/// for a pulse, and begins anew whenever the connection is lost. `introduced` turns true with the first hello, or with the
/// first that failed.
pub(crate) async fn listen(cache: Weak<Inner>, introduced: watch::Sender<bool>) {
    let mut rest = FIRST_REST;
    loop {
        let began = Instant::now();
        let ended = session(&cache, &introduced).await;
        let Some(inner) = cache.upgrade() else { return };
        inner.standing.lost();
        if let Some(l2) = &inner.l2 {
            l2.keeper.hang_up();
            if ended.is_err() {
                l2.counters.errors.add(1);
            }
        }
        drop(inner);
        introduced.send_replace(true);
        rest = if began.elapsed() > LONGEST_REST { FIRST_REST } else { (rest * 2).min(LONGEST_REST) };
        tokio::time::sleep(rest.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
    }
}

/// One connection, from its first word to its last.
async fn session(cache: &Weak<Inner>, introduced: &watch::Sender<bool>) -> Result<(), LayerError> {
    let Some(mut session) = Session::begin(cache).await? else { return Ok(()) };
    introduced.send_replace(true);
    let mut beat = Instant::now() + session.interval;
    loop {
        tokio::select! {
            biased;
            push = session.pushes.recv() => match push {
                Some(push) => {
                    let Some(inner) = cache.upgrade() else { return Ok(()) };
                    take(&inner, &push)?;
                }
                None => return Err(LayerError::Away("the connection ended".to_owned())),
            },
            () = session.standing.check.notified() => session.pulse(cache).await?,
            () = tokio::time::sleep_until(beat) => {
                session.pulse(cache).await?;
                beat = Instant::now() + session.interval;
            }
        }
    }
}

pub(crate) struct Session {
    pushes: Subscription,
    standing: Arc<crate::standing::Standing>,
    keeper: Arc<dyn crate::layers::keeper::Keeper>,
    /// Between two pulses: a quarter of the bound, so that one may be lost or late.
    interval: Duration,
    bound: Duration,
    limit: Duration,
}

impl Session {
    /// Step 2: subscribe, then hello, then whatever was missed; only then do other commands flow. `None` if the cache is gone.
    pub(crate) async fn begin(cache: &Weak<Inner>) -> Result<Option<Self>, LayerError> {
        let Some(inner) = cache.upgrade() else { return Ok(None) };
        let Some(l2) = &inner.l2 else { return Ok(None) };
        let (keeper, config) = (l2.keeper.clone(), l2.config);
        let standing = inner.standing.clone();
        drop(inner);
        let pushes = keeper.connect().await?;
        let session = Self {
            pushes,
            standing,
            keeper,
            interval: config.staleness_bound / 4,
            bound: config.staleness_bound,
            limit: config.command_timeout,
        };
        session.hello(cache).await?;
        let Some(inner) = cache.upgrade() else { return Ok(None) };
        session.keeper.adopt();
        if let Some(l2) = &inner.l2 {
            l2.heard();
            // What cannot be told now stays owed: the keeper is told before it is read.
            let _ = l2.settle_backlog().await;
        }
        Ok(Some(session))
    }

    async fn hello(&self, cache: &Weak<Inner>) -> Result<(), LayerError> {
        let Some(asked) = cache.upgrade().map(|inner| inner.clock.now()) else { return Ok(()) };
        let tidings = self.in_time(self.keeper.hello(self.standing.since())).await?;
        if let Some(inner) = cache.upgrade() {
            inner.resynchronise(tidings);
            inner.standing.trust(asked.saturating_add(nanos(self.bound)));
        }
        Ok(())
    }

    /// Asks where the keeper stands. The answer comes behind all that was announced before it, so who agrees with it has
    /// heard everything up to the time of asking.
    pub(crate) async fn pulse(&mut self, cache: &Weak<Inner>) -> Result<(), LayerError> {
        let Some(asked) = cache.upgrade().map(|inner| inner.clock.now()) else { return Ok(()) };
        let when_asked = self.standing.since();
        let pulse = self.in_time(self.keeper.pulse()).await?;
        let Some(inner) = cache.upgrade() else { return Ok(()) };
        while let Ok(push) = self.pushes.try_recv() {
            take(&inner, &push)?;
        }
        if self.standing.agrees(pulse, when_asked) && !self.standing.is_suspect() {
            if let Some(l2) = &inner.l2 {
                l2.heard();
            }
            self.standing.trust(asked.saturating_add(nanos(self.bound)));
            return Ok(());
        }
        drop(inner);
        self.standing.suspect();
        self.hello(cache).await
    }

    async fn in_time<T>(
        &self,
        command: impl Future<Output = Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        let late = || LayerError::Away(format!("no answer within {:?}", self.limit));
        tokio::time::timeout(self.limit, command).await.map_err(|_| late())?
    }
}

pub(crate) fn take(inner: &Inner, push: &Push) -> Result<(), LayerError> {
    match push {
        Push::Announced(announcement) => inner.apply(announcement),
        Push::Lost => return Err(LayerError::Away("the connection was lost".to_owned())),
    }
    Ok(())
}

/// The bound, less by what the clock may lag.
fn nanos(bound: Duration) -> u64 {
    u64::try_from(bound.saturating_sub(RESOLUTION).as_nanos()).unwrap_or(u64::MAX)
}
