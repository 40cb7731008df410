use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use mainstay_cache::{CacheError, Delivery, LoadContext, Source as Origin};
use tokio::time::{sleep, timeout};

use crate::fact::Fact;
use crate::judge::{Due, Judge, Read};
use crate::ledger::Doubt;
use crate::node::Handle;
use crate::source::{Family, GROUPED, Source, Truth, name_of};

/// What the tasks of all nodes share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) source: Source,
    pub(crate) judge: Judge,
    pub(crate) bound: Duration,
    pub(crate) counts: Counts,
    pub(crate) over: AtomicBool,
    /// Held for reading by whoever writes: who holds it for writing has a source at rest.
    pub(crate) at_rest: tokio::sync::RwLock<()>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) operations: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) applied: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) from_memory: AtomicU64,
    pub(crate) from_redis: AtomicU64,
    pub(crate) from_source: AtomicU64,
    pub(crate) marked_stale: AtomicU64,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) struct Worker {
    pub(crate) node: Arc<Handle>,
    pub(crate) world: Arc<World>,
    pub(crate) rng: Rng,
}

impl Worker {
    pub(crate) async fn work(mut self) {
        while !self.world.over.load(Ordering::Relaxed) {
            match self.rng.u32(..1_000) {
                0..=779 => self.read_or_load().await,
                780..=859 => self.read().await,
                860..=909 => self.read_memory(),
                910..=984 => self.read_many().await,
                _ => self.write().await,
            }
            add(&self.world.counts.operations);
            // A hit awaits nothing: without this a worker would keep the others, and the cache's own tasks, from running.
            // The pause bounds how much more is done in an outage, when everything fails at once, than otherwise.
            if self.rng.bool() {
                sleep(Duration::from_millis(self.rng.u64(2..30))).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Some keys are read much more than others,
    fn any(&mut self) -> usize {
        match self.rng.u32(..10) {
            0..=3 => self.grouped(),
            4..=6 => self.rng.usize(..GROUPED),
            _ => self.seldom(),
        }
    }

    /// and written.
    fn any_to_write(&mut self) -> usize {
        match self.rng.u32(..10) {
            0 => self.seldom(),
            1..=5 => self.grouped(),
            _ => self.rng.usize(..GROUPED),
        }
    }

    fn grouped(&mut self) -> usize {
        self.rng.usize(..GROUPED / 8) * 8
    }

    fn seldom(&mut self) -> usize {
        self.rng.usize(GROUPED..self.world.source.truths.len())
    }

    async fn read_or_load(&mut self) {
        let (world, node) = (self.world.clone(), self.node.clone());
        let at = self.any();
        let truth = &world.source.truths[at];
        let load = Load {
            at,
            before: self.slowness(),
            after: self.slowness(),
            life: self.rng.bool().then_some(8 * world.bound),
            fails: self.rng.u32(..100) == 0,
        };
        let impatient = (self.rng.u32(..100) == 0).then(|| Duration::from_millis(self.rng.u64(..100)));
        let due = Due::now(&world.source, truth, node.number);
        let reading = node.facts.get_or_load_hit(&truth.key, {
            let world = world.clone();
            move |cx| async move { load.run(&world.source, &cx).await }
        });
        let hit = match impatient {
            Some(limit) => timeout(limit, reading).await.ok(),
            None => Some(reading.await),
        };
        let Some(Ok(hit)) = hit else { return };
        match hit.source {
            Origin::L1 => add(&world.counts.from_memory),
            Origin::L2 => add(&world.counts.from_redis),
            _ => add(&world.counts.from_source),
        }
        let how = ("get_or_load", hit.source, hit.freshness, load);
        let marked = hit.freshness.is_stale();
        if marked {
            add(&world.counts.marked_stale);
        }
        let read = Read { how: &how, node: node.number, truth, due, fact: &hit.value, marked };
        world.judge.judge(&world.source, &read);
    }

    async fn read(&mut self) {
        let (world, node) = (self.world.clone(), self.node.clone());
        let truth = &world.source.truths[self.any()];
        let due = Due::now(&world.source, truth, node.number);
        if let Some(hit) = node.facts.get_hit(&truth.key).await {
            let how = ("get", hit.source);
            let read = Read { how: &how, node: node.number, truth, due, fact: &hit.value, marked: false };
            world.judge.judge(&world.source, &read);
        }
    }

    fn read_memory(&mut self) {
        let (world, node) = (self.world.clone(), self.node.clone());
        let truth = &world.source.truths[self.any()];
        let due = Due::now(&world.source, truth, node.number);
        if let Some(fact) = node.facts.get_cached(&truth.key) {
            let read = Read { how: &"get_cached", node: node.number, truth, due, fact: &fact, marked: false };
            world.judge.judge(&world.source, &read);
        }
    }

    async fn read_many(&mut self) {
        let (world, node) = (self.world.clone(), self.node.clone());
        let truths: Vec<&Truth> =
            (0..self.rng.usize(2..10)).map(|_| &world.source.truths[self.any()]).collect();
        let dues: Vec<Due> = truths.iter().map(|truth| Due::now(&world.source, truth, node.number)).collect();
        let facts = node.facts.get_many(truths.iter().map(|truth| truth.key.as_str())).await;
        for ((truth, due), fact) in truths.into_iter().zip(dues).zip(facts) {
            if let Some(fact) = fact {
                let read =
                    Read { how: &"get_many", node: node.number, truth, due, fact: &fact, marked: false };
                world.judge.judge(&world.source, &read);
            }
        }
    }

    /// Most loads are quick; some outlast a lease, and a few the bound.
    fn slowness(&mut self) -> Duration {
        let bound = u64::try_from(self.world.bound.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(match self.rng.u32(..1_000) {
            0..=939 => 0,
            940..=979 => self.rng.u64(..20),
            980..=991 => self.rng.u64(..bound),
            _ => self.rng.u64(bound..3 * bound),
        })
    }

    async fn write(&mut self) {
        let world = self.world.clone();
        let _writing = world.at_rest.read().await;
        let truth = &world.source.truths[self.any_to_write()];
        match truth.family {
            Family::Set => {
                let _alone = truth.one_writer.lock().await;
                match (self.rng.u32(..4), truth.group) {
                    (0, _) => self.invalidate(truth).await,
                    (1, Some(group)) => self.invalidate_group(truth, group).await,
                    _ => self.set(truth).await,
                }
            }
            Family::Versioned => match self.rng.bool() {
                true => self.set_versioned(truth).await,
                false => self.invalidate(truth).await,
            },
            _ => match (self.rng.u32(..3), truth.group) {
                (0, Some(group)) => self.invalidate_group(truth, group).await,
                _ => self.invalidate(truth).await,
            },
        }
    }

    async fn invalidate(&mut self, truth: &Truth) {
        let version = truth.write();
        add(&self.world.counts.writes);
        let node = self.node.clone();
        let told = async {
            match truth.family {
                Family::Versioned => node.facts.invalidate_version(&truth.key, version).await,
                _ => node.facts.invalidate(&truth.key).await,
            }
        };
        let delivery = self.perhaps_dropped(told).await;
        self.acknowledged(delivery, [(truth, version)]);
    }

    async fn invalidate_group(&mut self, truth: &Truth, number: usize) {
        truth.write();
        add(&self.world.counts.writes);
        let world = self.world.clone();
        let group: Vec<(&Truth, u64)> =
            world.source.group(number).iter().map(|truth| (truth, truth.version())).collect();
        let (node, name) = (self.node.clone(), name_of(number));
        let delivery = if truth.family == Family::Tagged && self.rng.bool() {
            self.perhaps_dropped(node.cache.invalidate_tag(name)).await
        } else {
            let pattern = format!("fact:{name}-*");
            self.perhaps_dropped(node.cache.invalidate_pattern(&pattern)).await
        };
        // Of keys that are set, others may be in the midst of being written.
        let spoken_of =
            group.into_iter().filter(|(own, _)| own.family != Family::Set || own.key == truth.key);
        self.acknowledged(delivery, spoken_of);
    }

    async fn set(&mut self, truth: &Truth) {
        let version = truth.write();
        add(&self.world.counts.writes);
        let (world, node) = (self.world.clone(), self.node.clone());
        let fact = Fact::new(&truth.key, version);
        let set = async { node.facts.set(&truth.key, fact).await.unwrap_or(Delivery::Queued) };
        let delivery = self.perhaps_dropped(set).await;
        if delivery != Some(Delivery::Applied) {
            let doubt = Doubt { node: node.number, version, since: world.source.now(), settled: None };
            truth.ledger.lock().doubt(doubt);
        }
        self.acknowledged(delivery, [(truth, version)]);
    }

    async fn set_versioned(&mut self, truth: &Truth) {
        let version = truth.write();
        add(&self.world.counts.writes);
        let node = self.node.clone();
        let fact = Fact::new(&truth.key, version);
        let outdated = AtomicBool::new(false);
        let set = async {
            let answer = node.facts.set_versioned(&truth.key, fact, version).await;
            outdated.store(matches!(answer, Err(CacheError::Outdated { .. })), Ordering::Relaxed);
            answer.unwrap_or(Delivery::Queued)
        };
        let delivery = self.perhaps_dropped(set).await;
        // One that came too late has invalidated nothing.
        if !outdated.into_inner() {
            self.acknowledged(delivery, [(truth, version)]);
        }
    }

    /// A caller that goes away half-way is ordinary.
    async fn perhaps_dropped(&mut self, told: impl Future<Output = Delivery>) -> Option<Delivery> {
        if self.rng.u32(..20) == 0 {
            timeout(Duration::from_micros(self.rng.u64(..1_000)), told).await.ok()
        } else {
            Some(told.await)
        }
    }

    fn acknowledged<'t>(
        &self,
        delivery: Option<Delivery>,
        truths: impl IntoIterator<Item = (&'t Truth, u64)>,
    ) {
        let counts = &self.world.counts;
        add(match delivery {
            Some(Delivery::Applied) => &counts.applied,
            Some(_) => &counts.queued,
            None => &counts.dropped,
        });
        let now = self.world.source.now();
        for (truth, version) in truths {
            let mut ledger = truth.ledger.lock();
            ledger.returned(self.node.number, version);
            if delivery == Some(Delivery::Applied) {
                ledger.applied(now, version);
            }
        }
    }
}

/// What a loader does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) at: usize,
    /// It reads the source after so long,
    pub(crate) before: Duration,
    /// and answers so long after that.
    pub(crate) after: Duration,
    /// Shorter than others, so that values run out and are loaded anew before they do.
    pub(crate) life: Option<Duration>,
    pub(crate) fails: bool,
}

impl Load {
    pub(crate) async fn run(self, source: &Source, cx: &LoadContext) -> io::Result<Fact> {
        let truth = &source.truths[self.at];
        sleep_some(self.before).await;
        let fact = truth.read();
        match (truth.family, truth.group) {
            (Family::Tagged, Some(group)) => cx.tag(name_of(group)),
            (Family::Versioned, _) => cx.version(fact.version),
            _ => {}
        }
        if let Some(life) = self.life {
            cx.ttl(life);
        }
        sleep_some(self.after).await;
        if self.fails { Err(io::ErrorKind::Other.into()) } else { Ok(fact) }
    }
}

async fn sleep_some(duration: Duration) {
    if !duration.is_zero() {
        sleep(duration).await;
    }
}
