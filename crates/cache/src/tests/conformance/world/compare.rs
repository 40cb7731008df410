//! Whether the model and the real thing look the same.

use mainstay_cache_model::state::{CONTROL, InvalidationStage, NODES, ReaderStage};
use mainstay_cache_model::{OnNode, Step, judge};

use super::{Checked, World, name};

impl World<'_> {
    /// The real node may know sooner: a refused script tells it.
    pub(super) fn suspect_alike(&mut self) -> Checked {
        for node in 0..NODES {
            let real = self.nodes[node].cache.inner.standing.is_suspect();
            let step = Step::Suspect(OnNode { node: node as u8 });
            if real && !self.state.nodes[node].suspect && self.model.offered(&self.state).contains(&step) {
                self.state = self.model.after(&self.state, step);
            }
            if !real && self.state.nodes[node].suspect && !Self::is_connected(&self.state, node as u8) {
                // The failed command made the listener ask for a pulse, which found the connection dead.
                self.nodes[node].lose();
            }
            let real = self.nodes[node].cache.inner.standing.is_suspect();
            self.alike(&format!("node {node} is suspect"), real, self.state.nodes[node].suspect)?;
        }
        Ok(())
    }

    pub(super) async fn compare(&mut self) -> Checked {
        let redis = self.redis().await;
        let control = self.state.control();
        let (epoch, count, stream) = (control.epoch, control.control.count, control.control.stream.len());
        self.epoch_alike("Redis", redis.epoch, epoch)?;
        if epoch != 0 {
            self.alike("the count", redis.count, count)?;
        }
        self.alike("the stream's length", redis.stream, stream)?;
        for key in self.model.scenario.keys() {
            let bucket = &self.state.buckets[self.model.scenario.home(key)].held;
            if self.in_buckets() {
                self.epoch_alike(&format!("the bucket of key {key}"), redis.slots[key].bucket, bucket.epoch)?;
            }
            let (slot, real) =
                (&self.state.buckets[self.model.scenario.home(key)].held.slots[key], &redis.slots[key]);
            let what = |what| format!("the {what} of key {key} in Redis");
            let control = self.state.control();
            let there =
                judge::in_l2_of_all(&self.model, &self.state, key, control.epoch, control.control.stamp);
            self.alike(&what("value"), redis.alive(key), there.map(|value| value.version))?;
            self.alike(&what("token"), real.token, slot.token != 0)?;
            self.alike(&what("floor"), real.floor, slot.floor)?;
            for (at, node) in self.nodes.iter().enumerate() {
                let wanted = judge::in_l1(&self.model, &self.state, at, key).map(|copied| copied.version);
                let memory = node.region.get_cached(name(key)).map(|value| *value);
                self.alike(&format!("key {key} in the memory of node {at}"), memory, wanted)?;
                let floor = node.cache.inner.stripes.least_version(&format!("k:{key}"));
                self.alike(&format!("node {at}'s floor"), floor, self.state.nodes[at].floors[key].into())?;
            }
        }
        self.nodes_alike()?;
        if let Some(outbox) = self.outbox.clone() {
            use InvalidationStage::{Applied, Idle};
            let rows = &self.state.invalidations[self.model.scenario.writers.len()..];
            let rows = rows.iter().filter(|row| !matches!(row.stage, Idle | Applied)).count();
            self.alike("rows in the outbox", outbox.count().await, rows)?;
        }
        Ok(())
    }

    fn nodes_alike(&self) -> Checked {
        for (at, node) in self.nodes.iter().enumerate() {
            let (own, standing) = (&self.state.nodes[at], &node.cache.inner.standing);
            let known = |epoch: u8| self.epochs.get(&epoch).copied().unwrap_or(0);
            self.alike(
                &format!("the epoch of node {at}"),
                standing.epoch(),
                known(own.links[CONTROL].epoch),
            )?;
            for (key, link) in own.links.iter().skip(1).enumerate().filter(|(_, link)| link.met.is_none()) {
                let real = node.cluster.as_ref().and_then(|cluster| cluster.epoch_of(&format!("k:{key}")));
                let what = format!("the epoch in which node {at} knows the bucket of key {key}");
                self.alike(&what, real.unwrap_or(0), known(link.epoch))?;
            }
            self.alike(&format!("what node {at} has heard"), standing.since().sequence, own.last.into())?;
            let inbox: Vec<u64> = own.inbox.iter().map(|told| told.sequence.into()).collect();
            self.alike(&format!("the inbox of node {at}"), node.gate.inbox(), inbox)?;
            let owed =
                self.state.invalidations.iter().filter(|one| one.queued && usize::from(one.node) == at);
            self.alike(&format!("what node {at} owes"), node.l2().backlog.len(), owed.count())?;
        }
        Ok(())
    }

    /// The model numbers epochs; each has one name really.
    fn epoch_alike(&mut self, whose: &str, real: Option<u64>, model: u8) -> Checked {
        self.alike(&format!("whether {whose} has an epoch"), real.is_some(), model != 0)?;
        let Some(real) = real else { return Ok(()) };
        let known = *self.epochs.entry(model).or_insert(real);
        self.alike(&format!("the epoch of {whose}"), real, known)?;
        let names = self.epochs.values().filter(|name| **name == real).count();
        self.alike(&format!("how many epochs are named as that of {whose}"), names, 1)
    }

    /// Whether somebody is not done.
    pub(in super::super) fn is_under_way(&self) -> bool {
        use {InvalidationStage as Writing, ReaderStage as Reading};
        let reading = |stage| !matches!(stage, Reading::Idle | Reading::Done | Reading::Dead);
        let writing = |stage| !matches!(stage, Writing::Idle | Writing::Applied | Writing::Dead);
        self.state.readers.iter().any(|reader| reading(reader.stage))
            || self.state.invalidations.iter().any(|one| writing(one.stage))
    }

    /// Once all is at rest nothing stale is left, whatever the model has there.
    pub(in super::super) async fn rest(&mut self) -> Checked {
        if let Some(at) = self.readers.iter().position(Option::is_some) {
            return Err(format!("P5: reader {at} waits for ever"));
        }
        let redis = self.redis().await;
        for key in self.model.scenario.keys() {
            let queued = self.state.invalidations.iter().enumerate().filter(|(at, one)| {
                let writes = self.model.scenario.writers[at % self.model.scenario.writers.len()];
                one.stage == InvalidationStage::Queued && writes.target.covers(key)
            });
            let queued = queued.map(|(_, one)| one.version).max().unwrap_or(0);
            let announced = self.state.control().control.announced[key];
            let counts = self.model.scenario.every_commit_counts && self.outbox.is_some();
            let committed = if counts { self.state.database.primary[key] } else { 0 };
            let promised = queued.max(self.state.applied[key]).max(announced).max(committed);
            let memories = self.nodes.iter().map(|node| node.region.get_cached(name(key)).map(|own| *own));
            let left: Vec<u8> = memories.flatten().chain(redis.alive(key)).collect();
            if left.iter().any(|version| *version < promised) {
                return Err(format!("Q: of key {key} {left:?} are left, and {promised} is promised"));
            }
        }
        Ok(())
    }

    async fn redis(&mut self) -> Kept {
        let stamp = if self.by_tag { "t:t" } else { "p:k:*" };
        let (epoch, count, stamp): Control =
            self.servers.ask(CONTROL, "HMGET", "meta", &["e", "q", stamp]).await;
        let stream = self.servers.ask(CONTROL, "XLEN", "inv", &[]).await;
        let number = |raw: &[u8]| u64::from_be_bytes(*raw.first_chunk().expect("it is 8 bytes at least"));
        let mut slots = Vec::new();
        for key in self.model.scenario.keys() {
            let home = self.model.scenario.home(key);
            let name = |part: &str| format!("{part}:k:{key}");
            let bytes: Option<Vec<u8>> = self.servers.ask(home, "GET", &name("v"), &[]).await;
            let token = self.servers.ask(home, "EXISTS", &name("l"), &[]).await;
            let floor: Option<u8> = self.servers.ask(home, "GET", &name("f"), &[]).await;
            let bucket: Option<Vec<u8>> =
                if home == CONTROL { None } else { self.servers.ask(home, "GET", "e", &[]).await };
            // A number of one byte, before the checksum.
            let value = bytes.map(|bytes| Value {
                epoch: number(&bytes[12..20]),
                born: number(&bytes[20..28]),
                version: bytes[bytes.len() - 9],
            });
            let bucket = bucket.map(|raw| number(&raw));
            slots.push(Slot { bucket, value, token, floor: floor.unwrap_or(0) });
        }
        Kept {
            epoch: epoch.map(|raw| number(&raw)),
            count: count.unwrap_or(0),
            stamp: stamp.unwrap_or(0),
            stream,
            slots,
            in_buckets: self.in_buckets(),
        }
    }

    pub(super) fn alike<T: PartialEq + std::fmt::Debug>(&self, what: &str, real: T, model: T) -> Checked {
        if real == model {
            return Ok(());
        }
        Err(format!("{what}: {real:?} really, {model:?} in the model"))
    }
}

/// What Redis holds, read by a client of its own.
struct Kept {
    epoch: Option<u64>,
    count: u8,
    stamp: u64,
    stream: usize,
    slots: Vec<Slot>,
    in_buckets: bool,
}

struct Slot {
    /// Of a bucket that has an epoch of its own.
    bucket: Option<u64>,
    value: Option<Value>,
    token: bool,
    floor: u8,
}

struct Value {
    epoch: u64,
    born: u64,
    version: u8,
}

/// Epoch, count, and the stamp of every key.
type Control = (Option<Vec<u8>>, Option<u8>, Option<u64>);

impl Kept {
    /// The version of a value that whoever knows all would believe.
    fn alive(&self, key: usize) -> Option<u8> {
        let Slot { bucket, value, .. } = &self.slots[key];
        let epoch = if self.in_buckets { self.epoch? ^ (*bucket)? } else { self.epoch? };
        let value = value.as_ref().filter(|value| value.epoch == epoch && value.born >= self.stamp)?;
        Some(value.version)
    }
}
