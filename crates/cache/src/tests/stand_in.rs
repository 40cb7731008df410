//! Shared layers in this process, whose interleavings a test decides: one that keeps the protocol's state as Redis does, and
//! one that compares `born`s as SQL does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::backplane::{Announcement, Told};
use crate::budget::Budget;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::codec::header::{CREATED_AT, STAMPED_TO};
use crate::codec::{born, stamp};
use crate::inner::{Inner, Parts};
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Push, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::l2::{L2, L2Config};
use crate::layers::lower::Lower;
use crate::layers::shared::{Item, LayerError, Prolonged, Reply, Shared, Slot};
use crate::options::MemoryConfig;
use crate::stamps::{Stamps, Target};
use crate::standing::Standing;

#[derive(Debug, Default)]
pub(crate) struct Store(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    clock: u64,
    log: Vec<Announcement>,
    values: HashMap<Arc<str>, Item>,
    /// SQL's tombstones, by `born`.
    tombstones: HashMap<Arc<str>, u64>,
    /// Each with the end of its lease, and the node that holds it.
    tokens: HashMap<Arc<str>, (Token, Instant, u64)>,
    versions: HashMap<Arc<str>, u64>,
    stamps: HashMap<Target, u64>,
    /// Each with its node.
    listeners: Vec<(u64, mpsc::UnboundedSender<Push>)>,
    gates: HashMap<&'static str, (oneshot::Sender<()>, oneshot::Receiver<()>)>,
    /// One node's alone.
    private: bool,
    down: bool,
    deaf: bool,
    dawdling: bool,
    reads: u64,
}

/// A step of a layer held open: `reached` when it got there, `go` to let it on.
pub(super) struct Gate {
    pub(super) reached: oneshot::Receiver<()>,
    pub(super) go: oneshot::Sender<()>,
}

impl Store {
    pub(crate) fn new() -> Arc<Self> {
        let store = Self::default();
        store.0.lock().epoch = 1;
        Arc::new(store)
    }

    /// As a file of one node.
    pub(super) fn private() -> Arc<Self> {
        let store = Self::new();
        store.0.lock().private = true;
        store
    }

    /// Holds the next passage of a step: `read done`, `fill`, `prolong`, `revoke`, `revoke done`, `stamp`, `store done`.
    pub(super) fn hold(&self, step: &'static str) -> Gate {
        let (reached, go) = (oneshot::channel(), oneshot::channel());
        self.0.lock().gates.insert(step, (reached.0, go.1));
        Gate { reached: reached.1, go: go.0 }
    }

    pub(super) fn set_down(&self, down: bool) {
        self.0.lock().down = down;
    }

    /// Announcements are lost from now on, or arrive again.
    pub(super) fn set_deaf(&self, deaf: bool) {
        self.0.lock().deaf = deaf;
    }

    /// As a restart without persistence: the connections break.
    pub(super) fn lose_everything(&self) {
        let mut state = self.0.lock();
        let epoch = state.epoch + 1;
        for (_, listener) in &state.listeners {
            let _ = listener.send(Push::Lost);
        }
        *state = State { epoch, ..State::default() };
    }

    /// Breaks a node's connection, and no more.
    pub(super) fn cut(&self, cache: &Cache) {
        self.0.lock().listeners.retain(|(node, listener)| {
            let other = *node != cache.inner.node;
            other || listener.send(Push::Lost).is_err()
        });
    }

    /// As under memory pressure: values are evicted, and nothing else is forgotten.
    pub(super) fn lose_values(&self) {
        self.0.lock().values.clear();
    }

    pub(super) fn corrupt(&self, key: &str) {
        let mut state = self.0.lock();
        let item = state.values.get_mut(key).unwrap();
        let mut bytes = item.bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        item.bytes = bytes.into();
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.0.lock().values.contains_key(key)
    }

    pub(super) fn item(&self, key: &str) -> Item {
        self.0.lock().values[key].clone()
    }

    /// Writes a value behind the nodes' backs: nothing is announced, so nobody hears of it.
    pub(super) fn plant(&self, item: &Item, born: u64) {
        let mut state = self.0.lock();
        let epoch = state.epoch;
        state.keep(item, epoch, born);
    }

    pub(super) fn reads(&self) -> u64 {
        self.0.lock().reads
    }

    /// Every step waits for a turn of the scheduler from now on.
    pub(super) fn set_dawdling(&self, dawdling: bool) {
        self.0.lock().dawdling = dawdling;
    }

    async fn pass(&self, step: &'static str) -> Result<(), LayerError> {
        if self.0.lock().dawdling {
            tokio::task::yield_now().await;
        }
        let gate = self.0.lock().gates.remove(step);
        if let Some((reached, go)) = gate {
            let _ = reached.send(());
            let _ = go.await;
        }
        if self.0.lock().down { Err(LayerError::Away("down".to_owned())) } else { Ok(()) }
    }
}

impl State {
    fn fenced(&self, epoch: u64) -> Result<(), LayerError> {
        if self.epoch == epoch { Ok(()) } else { Err(LayerError::Fenced) }
    }

    fn tick(&mut self, at: u64) -> u64 {
        self.clock = at.max(self.clock + 1);
        self.clock
    }

    fn announce(&mut self, node: u64, what: Told) {
        let sequence = self.log.len() as u64 + 1;
        let said = Announcement { epoch: self.epoch, sequence, clock: self.clock, node, what };
        self.log.push(said.clone());
        if !self.deaf {
            self.listeners.retain(|(_, listener)| listener.send(Push::Announced(said.clone())).is_ok());
        }
    }

    /// What a real layer would have forgotten is not there.
    fn held(&self, key: &str, clock: &Clock) -> Option<Vec<u8>> {
        let item = self.values.get(key).filter(|item| item.expires_ms > clock.wall_ms());
        item.map(|item| item.bytes.to_vec())
    }

    fn prolong(&mut self, prolonged: &Prolonged) {
        let created = prolonged.created_ms.to_be_bytes();
        let it = self
            .values
            .get_mut(&prolonged.key)
            .filter(|item| item.born == prolonged.born && item.bytes[CREATED_AT..CREATED_AT + 8] == created);
        if let Some(item) = it {
            item.expires_ms = item.expires_ms.max(prolonged.expires_ms);
        }
    }

    fn pulse(&self) -> Pulse {
        Pulse { epoch: self.epoch, sequence: self.log.len() as u64, clock: self.clock }
    }

    fn keep(&mut self, item: &Item, epoch: u64, born: u64) {
        let mut bytes = item.bytes.to_vec();
        assert!(bytes.len() > STAMPED_TO);
        stamp(&mut bytes, epoch, born);
        let floor = self.versions.entry(item.key.clone()).or_default();
        *floor = item.version.max(*floor);
        self.values.insert(item.key.clone(), Item { bytes: bytes.into(), born, ..item.clone() });
    }
}

/// One node's view of the store.
#[derive(Debug)]
struct View {
    store: Arc<Store>,
    node: u64,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
}

impl View {
    async fn step<T>(
        &self,
        before: &'static str,
        after: &'static str,
        work: impl FnOnce(&mut State) -> Result<T, LayerError>,
    ) -> Result<T, LayerError> {
        self.store.pass(before).await?;
        let done = {
            let mut state = self.store.0.lock();
            state.clock = state.clock.max(self.clock.read());
            work(&mut state)?
        };
        self.store.pass(after).await?;
        Ok(done)
    }
}

pub(super) const LEASE: Duration = Duration::from_secs(1);

impl Keeper for View {
    fn connect(&self) -> Reply<'_, Subscription> {
        Box::pin(async move {
            self.store.pass("connect").await?;
            let (listener, pushes) = mpsc::unbounded_channel();
            self.store.0.lock().listeners.push((self.node, listener));
            Ok(pushes)
        })
    }

    fn hello(&self, since: Since) -> Reply<'_, Tidings> {
        Box::pin(self.step("hello", "hello done", move |state| {
            let known = since.epoch == state.epoch && since.sequence <= state.log.len() as u64;
            let heard = usize::try_from(since.sequence).unwrap();
            Ok(Tidings {
                at: state.pulse(),
                stamps: state.stamps.clone().into_iter().collect(),
                missed: known.then(|| state.log[heard..].to_vec()),
            })
        }))
    }

    fn adopt(&self) {}

    fn hang_up(&self) {}

    fn pulse(&self) -> Reply<'_, Pulse> {
        Box::pin(self.step("pulse", "pulse done", |state| Ok(state.pulse())))
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> Reply<'a, Found> {
        Box::pin(self.step("read", "read done", move |state| {
            state.fenced(epoch)?;
            state.reads += 1;
            self.stamps.merge(state.stamps.clone());
            let bytes = keys.iter().map(|key| state.held(key, &self.clock));
            Ok(Found { clock: state.clock, bytes: bytes.collect() })
        }))
    }

    fn claim<'a>(&'a self, epoch: u64, wanted: &'a [Wanted], give_up: bool) -> Reply<'a, Claims> {
        Box::pin(self.step("claim", "claim done", move |state| {
            state.fenced(epoch)?;
            self.stamps.merge(state.stamps.clone());
            let now = Instant::now();
            let mut claims = Vec::new();
            for wanted in wanted {
                let floor = state.versions.get(&wanted.key).copied().unwrap_or(0);
                let there = state.held(&wanted.key, &self.clock);
                let there = there.filter(|bytes| born(bytes) != wanted.dead);
                let held = state.tokens.get(&wanted.key).copied();
                let claim = match (there, held) {
                    (Some(bytes), _) => Claim::Found(bytes),
                    (None, Some((_, ends, holder))) if ends > now && holder != self.node && !give_up => {
                        Claim::Held(ends - now)
                    }
                    (None, held) => {
                        let token =
                            held.map_or_else(|| Token(fastrand::u64(1..).to_be_bytes()), |(token, ..)| token);
                        state.tokens.insert(wanted.key.clone(), (token, now + LEASE, self.node));
                        Claim::Granted(token)
                    }
                };
                claims.push((claim, floor));
            }
            Ok(Claims { clock: state.clock, claims })
        }))
    }

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> Reply<'a, ()> {
        Box::pin(self.step("renew", "renew done", move |state| {
            state.fenced(epoch)?;
            if let Some((own, ends, _)) = state.tokens.get_mut(key)
                && *own == token
            {
                *ends = Instant::now() + LEASE;
            }
            Ok(())
        }))
    }

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        Box::pin(self.step("prolong", "prolong done", move |state| {
            state.fenced(epoch)?;
            state.prolong(prolonged);
            Ok(())
        }))
    }

    fn commit<'a>(&'a self, epoch: u64, items: &'a [(Item, Token)]) -> Reply<'a, u64> {
        Box::pin(self.step("fill", "fill done", move |state| {
            state.fenced(epoch)?;
            let mut refused = 0;
            for (item, token) in items {
                let floor = state.versions.get(&item.key).copied().unwrap_or(0);
                if state.tokens.get(&item.key).is_some_and(|(own, ..)| own == token) && item.version >= floor
                {
                    state.keep(item, epoch, item.born);
                    state.tokens.insert(item.key.clone(), (*token, Instant::now(), 0));
                } else {
                    refused += 1;
                }
            }
            Ok(refused)
        }))
    }

    fn store<'a>(&'a self, epoch: u64, at: u64, items: &'a [Item]) -> Reply<'a, Stored> {
        Box::pin(self.step("store", "store done", move |state| {
            state.fenced(epoch)?;
            let clock = state.tick(at);
            let (mut outdated, mut keys) = (Vec::new(), Vec::new());
            for (n, item) in items.iter().enumerate() {
                let floor = state.versions.get(&item.key).copied().unwrap_or(0);
                if item.version != 0 && item.version < floor {
                    outdated.push(n);
                    continue;
                }
                state.keep(item, epoch, clock);
                state.tokens.remove(&item.key);
                keys.push(item.key.clone());
            }
            if !keys.is_empty() {
                state.announce(self.node, Told::Overwritten { keys, version: 0 });
            }
            Ok(Stored { clock, outdated })
        }))
    }

    fn revoke<'a>(&'a self, epoch: u64, at: u64, revocation: &'a Revocation) -> Reply<'a, u64> {
        let (before, after) = match revocation {
            Revocation::Keys { .. } => ("revoke", "revoke done"),
            Revocation::Stamp(_) => ("stamp", "stamp done"),
        };
        Box::pin(self.step(before, after, move |state| {
            state.fenced(epoch)?;
            let clock = state.tick(at);
            match revocation {
                Revocation::Keys { keys, version } => {
                    for key in keys {
                        state.values.remove(key);
                        state.tokens.remove(key);
                        let floor = state.versions.entry(key.clone()).or_default();
                        *floor = (*version).max(*floor);
                    }
                    state.announce(self.node, Told::Dead { keys: keys.clone(), version: *version });
                }
                Revocation::Stamp(target) => {
                    state.stamps.insert(target.clone(), clock);
                    state.announce(self.node, Told::Stamped(target.clone()));
                }
            }
            Ok(clock)
        }))
    }
}

impl Shared for View {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> Reply<'a, Vec<Slot>> {
        Box::pin(self.step("read", "read done", move |state| {
            state.reads += 1;
            self.stamps.merge(state.stamps.clone());
            let slots = keys.iter().map(|key| Slot {
                bytes: state.held(key, &self.clock),
                floor: state.tombstones.get(key).copied().unwrap_or(0),
            });
            Ok(slots.collect())
        }))
    }

    fn fill<'a>(&'a self, items: &'a [Item]) -> Reply<'a, u64> {
        Box::pin(self.step("fill", "fill done", move |state| {
            let mut refused = 0;
            for item in items {
                let least = state.tombstones.get(&item.key).copied().unwrap_or(0);
                let there = state.values.get(&item.key).map_or(0, |own| own.born);
                if item.born < least.max(there) {
                    refused += 1;
                } else {
                    state.keep(item, 0, item.born);
                }
            }
            Ok(refused)
        }))
    }

    fn prolong<'a>(&'a self, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        Box::pin(self.step("prolong", "prolong done", move |state| {
            state.prolong(prolonged);
            Ok(())
        }))
    }

    fn revoke<'a>(&'a self, at: u64, revocation: &'a Revocation) -> Reply<'a, ()> {
        let (before, after) = match revocation {
            Revocation::Keys { .. } => ("revoke", "revoke done"),
            Revocation::Stamp(_) => ("stamp", "stamp done"),
        };
        Box::pin(self.step(before, after, move |state| {
            match revocation {
                Revocation::Keys { keys, .. } => {
                    for key in keys {
                        if state.values.get(key).is_some_and(|own| own.born <= at) {
                            state.values.remove(key);
                        }
                        let floor = state.tombstones.entry(key.clone()).or_default();
                        *floor = at.max(*floor);
                    }
                }
                Revocation::Stamp(target) => {
                    let own = state.stamps.entry(target.clone()).or_default();
                    *own = at.max(*own);
                }
            }
            Ok(())
        }))
    }
}

/// How long memory is believed without a word from the keeper, where a test does not say: for ever.
pub(super) const UNBOUNDED: Duration = Duration::from_secs(400 * 86_400);

/// How long a command may take, where a test does not say.
pub(super) const ANSWERED: Duration = Duration::from_secs(3_600);

/// A node over these stores: the first keeps the protocol's state, as Redis does, the second does not, as SQL does. It has
/// said hello when this returns.
pub(crate) fn node(l2: Option<&Arc<Store>>, l3: Option<&Arc<Store>>, memory: &MemoryConfig) -> Cache {
    node_within(UNBOUNDED, l2, l3, memory)
}

/// [`node`] with a staleness bound.
pub(super) fn node_within(
    staleness_bound: Duration,
    l2: Option<&Arc<Store>>,
    l3: Option<&Arc<Store>>,
    memory: &MemoryConfig,
) -> Cache {
    node_answering(ANSWERED, staleness_bound, l2, l3, memory)
}

/// [`node_within`] with the limit of a command.
pub(super) fn node_answering(
    limit: Duration,
    staleness_bound: Duration,
    l2: Option<&Arc<Store>>,
    l3: Option<&Arc<Store>>,
    memory: &MemoryConfig,
) -> Cache {
    node_loading(Budget::default(), limit, staleness_bound, l2, l3, memory)
}

/// [`node_answering`] with a budget of loads.
pub(super) fn node_loading(
    budget: Budget,
    limit: Duration,
    staleness_bound: Duration,
    l2: Option<&Arc<Store>>,
    l3: Option<&Arc<Store>>,
    memory: &MemoryConfig,
) -> Cache {
    let (clock, stamps) = (Arc::new(Clock::new()), Arc::new(Stamps::new(memory.stamps)));
    let node = fastrand::u64(1..);
    let view = |store: &Arc<Store>| {
        Arc::new(View { store: store.clone(), node, clock: clock.clone(), stamps: stamps.clone() })
    };
    let standing = Arc::new(if l2.is_some() { Standing::stranger("test") } else { Standing::alone() });
    let config = L2Config {
        command_timeout: limit,
        backlog: 64,
        staleness_bound,
        patience: Duration::from_secs(5),
        lease: LEASE,
    };
    let parts = Parts {
        node,
        #[cfg(feature = "redis")]
        redis: None,
        l2: l2.map(|store| L2::new("test.l2", view(store), config, standing.clone(), clock.clone()).unwrap()),
        l3: l3.map(|store| {
            let private = store.0.lock().private;
            Lower::new("test.l3", view(store), private, limit, 64).unwrap().write_behind()
        }),
        clock: clock.clone(),
        stamps: stamps.clone(),
        standing,
        budget,
        defaults: crate::RegionOptions::default(),
    };
    let inner = Inner::new("test", memory, parts);
    if let Some(store) = l2.filter(|store| !store.0.lock().down) {
        let tidings = view(store).hello(Since { epoch: 0, sequence: 0 }).now_or_never().unwrap().unwrap();
        inner.resynchronise(tidings);
        inner.standing.trust(u64::MAX);
    }
    inner.start_listening();
    inner.into()
}
