//! A manager that does what a test tells it, and counts.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_pool::{Condition, HookFuture, Manager, Pool, PoolBuilder, PoolConfig};
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// How one of the manager's calls goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Succeed,
    Fail,
    FailHarmlessly,
    Panic,
    Hang,
    Take(Duration),
    /// Waits for a permit of [`Fake::gate`].
    Gated,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

#[derive(Debug)]
pub struct Fake {
    pub connect: Mutex<Act>,
    pub check: Mutex<Act>,
    pub reset: Mutex<Act>,
    pub condition: Mutex<Option<Condition>>,
    pub after_connect: Mutex<Act>,
    pub before_acquire: Mutex<Act>,
    pub after_release: Mutex<Act>,
    pub before_close: Mutex<Act>,
    /// The hooks in the order in which they began.
    pub hooked: Mutex<Vec<&'static str>>,
    pub gate: Semaphore,
    /// Calls that have begun.
    pub connects: AtomicUsize,
    pub checks: AtomicUsize,
    pub resets: AtomicUsize,
    /// Connections that exist anywhere.
    pub open: AtomicUsize,
}

pub struct Connection {
    pub id: usize,
    fake: Arc<Fake>,
    when_dropped: Option<Box<dyn FnOnce() + Send>>,
}

impl Connection {
    pub fn when_dropped(&mut self, act: impl FnOnce() + Send + 'static) {
        self.when_dropped = Some(Box::new(act));
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.fake.open.fetch_sub(1, SeqCst);
        if let Some(act) = self.when_dropped.take() {
            act();
        }
    }
}

impl Fake {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            connect: Mutex::new(Act::Succeed),
            check: Mutex::new(Act::Succeed),
            reset: Mutex::new(Act::Succeed),
            condition: Mutex::new(Some(Condition::Clean)),
            after_connect: Mutex::new(Act::Succeed),
            before_acquire: Mutex::new(Act::Succeed),
            after_release: Mutex::new(Act::Succeed),
            before_close: Mutex::new(Act::Succeed),
            hooked: Mutex::new(Vec::new()),
            gate: Semaphore::new(0),
            connects: AtomicUsize::new(0),
            checks: AtomicUsize::new(0),
            resets: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        })
    }

    pub fn pool(self: &Arc<Self>, config: PoolConfig) -> Pool<Handle> {
        Pool::new("fake", Handle(Arc::clone(self)), config).unwrap()
    }

    pub fn builder(self: &Arc<Self>, config: PoolConfig) -> PoolBuilder<Handle> {
        Pool::builder("fake", Handle(Arc::clone(self)), config)
    }

    /// A pool with every hook there is.
    pub fn hooked_pool(self: &Arc<Self>, config: PoolConfig) -> Pool<Handle> {
        self.builder(config)
            .after_connect(self.hook("after_connect", |fake| &fake.after_connect))
            .before_acquire(self.hook("before_acquire", |fake| &fake.before_acquire))
            .after_release(self.hook("after_release", |fake| &fake.after_release))
            .before_close(self.hook("before_close", |fake| &fake.before_close))
            .build()
            .unwrap()
    }

    pub fn hook(
        self: &Arc<Self>,
        name: &'static str,
        part: fn(&Self) -> &Mutex<Act>,
    ) -> impl for<'a> Fn(&'a mut Connection) -> HookFuture<'a, Refused> + Send + Sync + 'static {
        let fake = Arc::clone(self);
        move |_: &mut Connection| -> HookFuture<'_, Refused> {
            let fake = Arc::clone(&fake);
            Box::pin(async move {
                fake.hooked.lock().unwrap().push(name);
                fake.act(part(&fake)).await
            })
        }
    }

    /// The hooks that have begun since the last look.
    pub fn hooks(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.hooked.lock().unwrap())
    }

    pub fn connects(&self) -> usize {
        self.connects.load(SeqCst)
    }

    pub fn checks(&self) -> usize {
        self.checks.load(SeqCst)
    }

    pub fn resets(&self) -> usize {
        self.resets.load(SeqCst)
    }

    pub fn open(&self) -> usize {
        self.open.load(SeqCst)
    }

    pub fn set(&self, part: &Mutex<Act>, act: Act) {
        *part.lock().unwrap() = act;
    }

    async fn act(&self, part: &Mutex<Act>) -> Result<(), Refused> {
        let act = *part.lock().unwrap();
        match act {
            Act::Succeed => Ok(()),
            Act::Fail => Err(Refused("server is away")),
            Act::FailHarmlessly => Err(Refused("harmless")),
            // Past the panic hook: thousands of these would print thousands of backtraces.
            Act::Panic => std::panic::resume_unwind(Box::new("the fake was told to")),
            Act::Hang => std::future::pending().await,
            Act::Take(time) => {
                sleep(time).await;
                Ok(())
            }
            Act::Gated => {
                self.gate.acquire().await.unwrap().forget();
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
pub struct Handle(Arc<Fake>);

impl Manager for Handle {
    type Connection = Connection;
    type Error = Refused;

    async fn connect(&self) -> Result<Connection, Refused> {
        let id = self.0.connects.fetch_add(1, SeqCst);
        self.0.act(&self.0.connect).await?;
        self.0.open.fetch_add(1, SeqCst);
        Ok(Connection { id, fake: Arc::clone(&self.0), when_dropped: None })
    }

    async fn check(&self, _: &mut Connection) -> Result<(), Refused> {
        self.0.checks.fetch_add(1, SeqCst);
        self.0.act(&self.0.check).await
    }

    fn condition(&self, _: &Connection) -> Condition {
        self.0.condition.lock().map(|condition| *condition).ok().flatten().expect("told to panic")
    }

    async fn reset(&self, _: &mut Connection) -> Result<(), Refused> {
        self.0.resets.fetch_add(1, SeqCst);
        self.0.act(&self.0.reset).await
    }

    fn is_fatal(&self, error: &Refused) -> bool {
        error.0 != "harmless"
    }
}

/// At most `max` connections, none kept, nothing ends by age or is checked in the background, pauses up to 5 s, an exact clock, a seed.
pub fn config(max: usize) -> PoolConfig {
    PoolConfig::default()
        .min(0)
        .max(max)
        .idle_timeout(None)
        .max_lifetime(None)
        .keepalive(None)
        .max_backoff(secs(5))
        .clock_resolution(ms(0))
        .seed(7)
}

/// Lets every task that can run do so, without moving the clock.
pub async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
