//! A shared layer in this process, whose interleavings a test decides. It keeps the contract of `Shared` as Redis does
//! (`keeper`) or as SQL does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::cache::{Cache, Inner};
use crate::clock::Clock;
use crate::codec::header::STAMPED_TO;
use crate::codec::stamp;
use crate::entry::Source;
use crate::layers::lower::Lower;
use crate::layers::shared::{Authority, Item, LayerError, Reading, Shared, Slot};
use crate::options::MemoryConfig;
use crate::stamps::{Stamps, Target};

#[derive(Debug, Default)]
pub(super) struct Store(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    clock: u64,
    values: HashMap<Arc<str>, Item>,
    floors: HashMap<Arc<str>, u64>,
    stamps: HashMap<Target, u64>,
    gates: HashMap<&'static str, (oneshot::Sender<()>, oneshot::Receiver<()>)>,
    down: bool,
    reads: u64,
}

/// A step of a layer held open: `reached` when it got there, `go` to let it on.
pub(super) struct Gate {
    pub(super) reached: oneshot::Receiver<()>,
    pub(super) go: oneshot::Sender<()>,
}

impl Store {
    pub(super) fn new() -> Arc<Self> {
        let store = Self::default();
        store.0.lock().epoch = 1;
        Arc::new(store)
    }

    /// Holds the next passage of a step: `read done`, `fill`, `revoke`, `revoke done`, `stamp`, `store done`.
    pub(super) fn hold(&self, step: &'static str) -> Gate {
        let (reached, go) = (oneshot::channel(), oneshot::channel());
        self.0.lock().gates.insert(step, (reached.0, go.1));
        Gate { reached: reached.1, go: go.0 }
    }

    pub(super) fn set_down(&self, down: bool) {
        self.0.lock().down = down;
    }

    pub(super) fn lose_everything(&self) {
        let mut state = self.0.lock();
        let epoch = state.epoch + 1;
        *state = State { epoch, ..State::default() };
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

    pub(super) fn reads(&self) -> u64 {
        self.0.lock().reads
    }

    async fn pass(&self, step: &'static str) -> Result<(), LayerError> {
        let gate = self.0.lock().gates.remove(step);
        if let Some((reached, go)) = gate {
            let _ = reached.send(());
            let _ = go.await;
        }
        if self.0.lock().down { Err(LayerError("down".to_owned())) } else { Ok(()) }
    }
}

/// One node's view of the store.
#[derive(Debug)]
struct View {
    store: Arc<Store>,
    keeper: bool,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
}

impl View {
    fn tick(&self, state: &mut State, at: u64) -> u64 {
        if !self.keeper {
            return at;
        }
        state.clock = at.max(self.clock.read()).max(state.clock + 1);
        state.clock
    }
}

impl Shared for View {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Reading, LayerError>> {
        Box::pin(async move {
            self.store.pass("read").await?;
            let reading = {
                let mut state = self.store.0.lock();
                state.reads += 1;
                state.clock = state.clock.max(self.clock.read());
                let slots = keys.iter().map(|key| Slot {
                    bytes: state.values.get(key).map(|item| item.bytes.to_vec()),
                    floor: state.floors.get(key).copied().unwrap_or(0),
                });
                let slots = slots.collect();
                self.stamps.merge(state.stamps.clone());
                let clock = self.keeper.then_some(Authority { epoch: state.epoch, clock: state.clock });
                Reading { clock, slots }
            };
            self.store.pass("read done").await?;
            Ok(reading)
        })
    }

    fn fill<'a>(&'a self, epoch: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>> {
        Box::pin(async move {
            self.store.pass("fill").await?;
            let mut state = self.store.0.lock();
            let mut refused = 0;
            for item in items {
                let least = state.floors.get(&item.key).copied().unwrap_or(0);
                let there = state.values.get(&item.key).map_or(0, |own| own.born);
                if item.born < least.max(there) || (self.keeper && epoch != state.epoch) {
                    refused += 1;
                    continue;
                }
                let mut bytes = item.bytes.to_vec();
                assert!(bytes.len() > STAMPED_TO);
                stamp(&mut bytes, if self.keeper { epoch } else { 0 }, item.born);
                state.values.insert(item.key.clone(), Item { bytes: bytes.into(), ..item.clone() });
            }
            Ok(refused)
        })
    }

    fn store<'a>(&'a self, at: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>> {
        Box::pin(async move {
            self.store.pass("store").await?;
            let clock = {
                let mut state = self.store.0.lock();
                let clock = self.tick(&mut state, at);
                let epoch = if self.keeper { state.epoch } else { 0 };
                for item in items {
                    let mut bytes = item.bytes.to_vec();
                    stamp(&mut bytes, epoch, clock);
                    state.floors.insert(item.key.clone(), clock);
                    state
                        .values
                        .insert(item.key.clone(), Item { bytes: bytes.into(), born: clock, ..item.clone() });
                }
                clock
            };
            self.store.pass("store done").await?;
            Ok(clock)
        })
    }

    fn revoke<'a>(&'a self, at: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<u64, LayerError>> {
        Box::pin(async move {
            self.store.pass("revoke").await?;
            let clock = {
                let mut state = self.store.0.lock();
                let clock = self.tick(&mut state, at);
                for key in keys {
                    if self.keeper || state.values.get(key).is_some_and(|own| own.born <= clock) {
                        state.values.remove(key);
                    }
                    let floor = state.floors.entry(key.clone()).or_default();
                    *floor = clock.max(*floor);
                }
                clock
            };
            self.store.pass("revoke done").await?;
            Ok(clock)
        })
    }

    fn stamp<'a>(&'a self, at: u64, target: &'a Target) -> BoxFuture<'a, Result<u64, LayerError>> {
        Box::pin(async move {
            self.store.pass("stamp").await?;
            let mut state = self.store.0.lock();
            let clock = self.tick(&mut state, at);
            let own = state.stamps.entry(target.clone()).or_default();
            *own = clock.max(*own);
            Ok(clock)
        })
    }
}

/// A node over these stores: the first keeps the clock, as Redis does, the second does not, as SQL does.
pub(super) fn node(l2: Option<&Arc<Store>>, l3: Option<&Arc<Store>>, memory: &MemoryConfig) -> Cache {
    let (clock, stamps) = (Arc::new(Clock::new()), Arc::new(Stamps::new(memory.stamps)));
    let layer = |store: &Arc<Store>, source| {
        let view = View {
            store: store.clone(),
            keeper: source == Source::L2,
            clock: clock.clone(),
            stamps: stamps.clone(),
        };
        Lower::new(source, Arc::new(view), Duration::from_secs(3_600), 64)
    };
    let mut lower = Vec::new();
    lower.extend(l2.map(|store| layer(store, Source::L2)));
    lower.extend(l3.map(|store| layer(store, Source::L3).write_behind()));
    Inner::new("test", memory, clock.clone(), stamps.clone(), lower).into()
}
