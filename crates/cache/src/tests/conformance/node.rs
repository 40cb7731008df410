use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::actor::Actor;
use crate::backplane::{Announcement, Session, take};
use crate::clock::Clock;
use crate::hold::{Point, at};
use crate::inner::{Inner, Parts};
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Push, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::l2::{L2, L2Config};
use crate::layers::redis::Servers;
use crate::layers::shared::{Item, LayerError, Prolonged};
use crate::stamps::Stamps;
use crate::standing::Standing;
use crate::{Cache, MemoryConfig, RedisConfig, Region, RegionOptions};

/// One node: all of it is the real thing, but for who listens. What is announced to it lies in an inbox until a test has it
/// applied.
pub(super) struct Node {
    pub(super) cache: Cache,
    pub(super) region: Region<str, u8>,
    pub(super) gate: Arc<Gate>,
    pub(super) session: Option<Session>,
    /// A session that says hello.
    pub(super) opening: Option<Actor<Option<Session>>>,
    /// Tells Redis what it is owed.
    pub(super) replaying: Option<Actor<()>>,
}

/// The real Redis behind holds.
#[derive(Debug)]
pub(super) struct Gate {
    redis: Arc<dyn Keeper>,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    cut: bool,
    pushes: Option<Subscription>,
    /// Keeps the session's own, silent subscription open.
    silent: Option<mpsc::UnboundedSender<Push>>,
    inbox: Vec<Announcement>,
}

impl Node {
    /// Not yet connected.
    pub(super) fn new(url: &str, prefix: &str) -> Self {
        let (clock, stamps) = (Arc::new(Clock::new()), Arc::new(Stamps::new(1_000)));
        let node = fastrand::u64(1..);
        // A lease that is over at once: who waits for another's load is decided by the trace.
        let config = RedisConfig::new(url)
            .prefix(prefix)
            .lease(Duration::ZERO)
            .command_timeout(Duration::from_secs(3))
            .connect_timeout(Duration::from_secs(3));
        let redis = Servers::new("conformance", &config, node, 1_000, &clock, &stamps).unwrap().keeper();
        let gate = Arc::new(Gate { redis, line: Mutex::default() });
        let standing = Arc::new(Standing::stranger("conformance"));
        let hour = Duration::from_secs(3_600);
        let config = L2Config {
            command_timeout: hour,
            backlog: 64,
            // Nothing is served for having been read of late: a suspect node does not ask memory.
            staleness_bound: Duration::ZERO,
            patience: hour,
            lease: hour,
        };
        let l2 = L2::new("l2", gate.clone(), config, standing.clone()).unwrap();
        let parts = Parts {
            node,
            redis: None,
            l2: Some(l2),
            l3: None,
            clock,
            stamps,
            standing,
            budget: crate::budget::Budget::default(),
            defaults: RegionOptions::default(),
        };
        let cache: Cache = Inner::new("conformance", &MemoryConfig::default(), parts).into();
        // A node that dies takes its loads along.
        let mut options = RegionOptions::default();
        options.timeouts.background = false;
        let region = cache.region("k", options).unwrap();
        Self { cache, region, gate, session: None, opening: None, replaying: None }
    }

    pub(super) fn l2(&self) -> &L2 {
        self.cache.inner.l2.as_ref().unwrap()
    }

    /// Who is not suspect believes its memory, and commands flow: the bound and the breaker are times.
    pub(super) fn stand(&self) {
        self.cache.inner.standing.trust(u64::MAX);
        self.l2().heard();
    }

    /// A session over a new connection, held before and after its hello.
    pub(super) fn connect(&mut self) {
        let cache = Arc::downgrade(&self.cache.inner);
        self.session = None;
        self.opening = Some(Actor::start(async move { Session::begin(&cache).await.ok().flatten() }));
    }

    /// The session asks for a pulse, which does not agree, and then says hello.
    pub(super) fn ask(&mut self) {
        let cache = Arc::downgrade(&self.cache.inner);
        let Some(mut session) = self.session.take() else { return };
        self.opening =
            Some(Actor::start(async move { session.pulse(&cache).await.is_ok().then_some(session) }));
    }

    /// The connection is found dead, as the listener does.
    pub(super) fn lose(&mut self) {
        self.cache.inner.standing.lost();
        self.gate.hang_up();
        (self.session, self.opening) = (None, None);
    }

    pub(super) fn apply(&self, announcement: Announcement) {
        take(&self.cache.inner, &Push::Announced(announcement)).unwrap();
    }
}

impl Gate {
    /// Takes in what was announced so far: the answer comes behind all of it.
    pub(super) async fn hear(&self) {
        let _ = self.redis.pulse().await;
        let mut line = self.line.lock();
        let line = &mut *line;
        while let Some(Ok(push)) = line.pushes.as_mut().map(mpsc::UnboundedReceiver::try_recv) {
            if let Push::Announced(announcement) = push {
                line.inbox.push(announcement);
            }
        }
    }

    pub(super) fn inbox(&self) -> Vec<u64> {
        self.line.lock().inbox.iter().map(|announcement| announcement.sequence).collect()
    }

    pub(super) fn announcement(&self, index: usize) -> Option<Announcement> {
        self.line.lock().inbox.get(index).cloned()
    }

    pub(super) fn strike_out(&self, index: usize) {
        let mut line = self.line.lock();
        if index < line.inbox.len() {
            line.inbox.remove(index);
        }
    }

    pub(super) fn lose_beyond(&self, length: usize) {
        self.line.lock().inbox.truncate(length);
    }

    pub(super) fn cut(&self, cut: bool) {
        let mut line = self.line.lock();
        line.cut = cut;
        if cut {
            (line.pushes, line.silent) = (None, None);
            line.inbox.clear();
        }
    }

    fn reaches(&self) -> Result<(), LayerError> {
        if self.line.lock().cut { Err(LayerError::Away("cut off".to_owned())) } else { Ok(()) }
    }
}

impl Keeper for Gate {
    fn connect(&self) -> BoxFuture<'_, Result<Subscription, LayerError>> {
        async move {
            self.reaches()?;
            let pushes = self.redis.connect().await?;
            let (silent, none) = mpsc::unbounded_channel();
            let mut line = self.line.lock();
            // What the older connection still had to say is discarded.
            *line = Line { pushes: Some(pushes), silent: Some(silent), ..Line::default() };
            Ok(none)
        }
        .boxed()
    }

    fn hello(&self, since: Since) -> BoxFuture<'_, Result<Tidings, LayerError>> {
        async move {
            at(Point::Hello).await?;
            self.reaches()?;
            let tidings = self.redis.hello(since).await?;
            at(Point::Answered).await?;
            Ok(tidings)
        }
        .boxed()
    }

    fn adopt(&self) {
        self.redis.adopt();
    }

    fn hang_up(&self) {
        self.redis.hang_up();
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, LayerError>> {
        async move {
            self.reaches()?;
            self.redis.pulse().await
        }
        .boxed()
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Found, LayerError>> {
        async move {
            self.reaches()?;
            self.redis.read(epoch, keys).await
        }
        .boxed()
    }

    fn claim<'a>(
        &'a self,
        epoch: u64,
        wanted: &'a [Wanted],
        give_up: bool,
    ) -> BoxFuture<'a, Result<Claims, LayerError>> {
        async move {
            self.reaches()?;
            let mut claims = self.redis.claim(epoch, wanted, give_up).await?;
            let granted = |(claim, _): &(Claim, u64)| matches!(claim, Claim::Granted(_));
            if claims.claims.iter().any(granted) && at(Point::Claimed).await.is_err() {
                // Another's load is waited for after all: looked for again.
                claims.claims.iter_mut().for_each(|(claim, _)| *claim = Claim::Held(Duration::ZERO));
            }
            Ok(claims)
        }
        .boxed()
    }

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> BoxFuture<'a, Result<(), LayerError>> {
        self.redis.renew(epoch, key, token)
    }

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> BoxFuture<'a, Result<(), LayerError>> {
        self.redis.prolong(epoch, prolonged)
    }

    fn commit<'a>(
        &'a self,
        epoch: u64,
        items: &'a [(Item, Token)],
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            self.reaches()?;
            self.redis.commit(epoch, items).await
        }
        .boxed()
    }

    fn store<'a>(
        &'a self,
        epoch: u64,
        at: u64,
        items: &'a [Item],
    ) -> BoxFuture<'a, Result<Stored, LayerError>> {
        self.redis.store(epoch, at, items)
    }

    fn revoke<'a>(
        &'a self,
        epoch: u64,
        clock: u64,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            self.reaches()?;
            let done = self.redis.revoke(epoch, clock, revocation).await?;
            at(Point::Told).await?;
            Ok(done)
        }
        .boxed()
    }
}
