//! Servers that are what a test says.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_pool::{Manager, Pool, PoolConfig, ReplicaSet, ReplicaSetConfig, Replicated, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Up,
    Down,
    Silent,
    Panics,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

pub const READ_ONLY: Refused = Refused("read-only");
pub const BROKEN: Refused = Refused("broken");
pub const HARMLESS: Refused = Refused("harmless");

#[derive(Debug)]
pub struct Server {
    name: &'static str,
    role: Mutex<Role>,
    health: Mutex<Health>,
    pub probes: AtomicU32,
    pub connects: AtomicU32,
}

impl Server {
    pub fn new(name: &'static str, role: Role) -> Arc<Self> {
        Arc::new(Self {
            name,
            role: Mutex::new(role),
            health: Mutex::new(Health::Up),
            probes: AtomicU32::new(0),
            connects: AtomicU32::new(0),
        })
    }

    pub fn becomes(&self, role: Role) {
        *self.role.lock().unwrap() = role;
    }

    pub fn is(&self, health: Health) {
        *self.health.lock().unwrap() = health;
    }

    pub fn pool(self: &Arc<Self>) -> Pool<Handle> {
        self.pool_of(4)
    }

    pub fn pool_of(self: &Arc<Self>, max: usize) -> Pool<Handle> {
        let config = PoolConfig::default().min(0).max(max).keepalive(None).check_after(ms(0)).seed(7);
        Pool::new(self.name, Handle(Arc::clone(self)), config).unwrap()
    }

    async fn answer(&self) -> Result<(), Refused> {
        let health = *self.health.lock().unwrap();
        match health {
            Health::Up => Ok(()),
            Health::Down => Err(Refused("connection refused")),
            Health::Silent => std::future::pending().await,
            // Past the panic hook, which would print it.
            Health::Panics => std::panic::resume_unwind(Box::new("the fake was told to")),
        }
    }
}

#[derive(Debug)]
pub struct Handle(Arc<Server>);

impl Manager for Handle {
    type Connection = ();
    type Error = Refused;

    async fn connect(&self) -> Result<(), Refused> {
        self.0.connects.fetch_add(1, SeqCst);
        self.0.answer().await
    }

    async fn check(&self, _: &mut ()) -> Result<(), Refused> {
        self.0.answer().await
    }

    fn is_fatal(&self, error: &Refused) -> bool {
        error.0 != HARMLESS.0
    }
}

impl Replicated for Handle {
    async fn role(&self, _: &mut ()) -> Result<Role, Refused> {
        self.0.probes.fetch_add(1, SeqCst);
        self.0.answer().await?;
        Ok(*self.0.role.lock().unwrap())
    }

    fn is_read_only(&self, error: &Refused) -> bool {
        error.0 == READ_ONLY.0
    }
}

pub type Set = ReplicaSet<Handle>;

/// A primary and two replicas that keep up.
pub struct Three {
    pub set: Set,
    pub primary: Arc<Server>,
    pub left: Arc<Server>,
    pub right: Arc<Server>,
}

pub async fn three(config: ReplicaSetConfig) -> Three {
    let primary = Server::new("primary", primary(1));
    let (left, right) = (Server::new("left", replica(0)), Server::new("right", replica(0)));
    let set = ReplicaSet::new("set", [&primary, &left, &right].map(Server::pool), config).unwrap();
    settle().await;
    Three { set, primary, left, right }
}

pub const fn primary(term: u64) -> Role {
    Role::Primary { term }
}

pub const fn replica(lag_ms: u64) -> Role {
    Role::Replica { lag: Some(ms(lag_ms)) }
}

/// Where the next reads go, each given back before the next.
pub async fn readers(set: &Set, count: usize) -> Vec<String> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(set.read().await.unwrap().node().to_string());
    }
    nodes.sort();
    nodes.dedup();
    nodes
}

pub async fn writer(set: &Set) -> String {
    set.write().await.unwrap().node().to_string()
}

/// Lets every task that can run do so, without moving the clock.
pub async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass as if step by step: every timer fires at its time.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    settle().await;
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
