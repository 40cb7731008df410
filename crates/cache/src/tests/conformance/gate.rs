use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::actor::led;
use crate::backplane::Announcement;
use crate::hold::{Point, at};
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Push, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::shared::{Item, LayerError, Prolonged, Reply};

/// The real Redis behind holds. What is announced to its node lies in an inbox until a test has it applied.
#[derive(Debug)]
pub(super) struct Gate {
    redis: Arc<dyn Keeper>,
    /// Whether some commands go elsewhere than to the control key: those a test stops on their own ways.
    in_buckets: bool,
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

/// How long an announcement may be on its way on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

impl Line {
    fn take_in(&mut self) {
        while let Some(Ok(push)) = self.pushes.as_mut().map(mpsc::UnboundedReceiver::try_recv) {
            if let Push::Announced(announcement) = push {
                self.inbox.push(announcement);
            }
        }
    }
}

impl Gate {
    pub(super) fn new(redis: Arc<dyn Keeper>, in_buckets: bool) -> Self {
        Self { redis, in_buckets, line: Mutex::default() }
    }

    /// Takes in what was announced so far: the answer comes behind all of it. But not over a connection that is not adopted yet,
    /// which answers no pulse: until `length` lie here it is asked again, for a while.
    pub(super) async fn hear(&self, length: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let _ = led(async { self.redis.pulse().await }).await;
            self.line.lock().take_in();
            if self.inbox().len() >= length || Instant::now() > deadline {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
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

    /// The control key is out of reach, or within it again.
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
    fn connect(&self) -> Reply<'_, Subscription> {
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

    fn hello(&self, since: Since) -> Reply<'_, Tidings> {
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

    fn pulse(&self) -> Reply<'_, Pulse> {
        async move {
            self.reaches()?;
            self.redis.pulse().await
        }
        .boxed()
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> Reply<'a, Found> {
        async move {
            self.reaches()?;
            self.redis.read(epoch, keys).await
        }
        .boxed()
    }

    fn claim<'a>(&'a self, epoch: u64, wanted: &'a [Wanted], give_up: bool) -> Reply<'a, Claims> {
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

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> Reply<'a, ()> {
        self.redis.renew(epoch, key, token)
    }

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        async move {
            if !self.in_buckets {
                self.reaches()?;
            }
            self.redis.prolong(epoch, prolonged).await
        }
        .boxed()
    }

    fn commit<'a>(&'a self, epoch: u64, items: &'a [(Item, Token)]) -> Reply<'a, u64> {
        async move {
            if !self.in_buckets {
                self.reaches()?;
            }
            self.redis.commit(epoch, items).await
        }
        .boxed()
    }

    fn store<'a>(&'a self, epoch: u64, at: u64, items: &'a [Item]) -> Reply<'a, Stored> {
        self.redis.store(epoch, at, items)
    }

    fn revoke<'a>(&'a self, epoch: u64, clock: u64, revocation: &'a Revocation) -> Reply<'a, u64> {
        async move {
            if !self.in_buckets || matches!(revocation, Revocation::Stamp(_)) {
                self.reaches()?;
            }
            let done = self.redis.revoke(epoch, clock, revocation).await?;
            at(Point::Told).await?;
            Ok(done)
        }
        .boxed()
    }
}
