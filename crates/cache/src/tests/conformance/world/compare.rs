//! Whether the model and the real thing look the same.

use mainstay_cache_model::state::{CONTROL, InvalidationStage, KEYS, NODES, ReaderStage};
use mainstay_cache_model::{OnNode, Step, judge};

use super::{Checked, World, name};
use crate::hold::{Go, Place};

impl World<'_> {
    /// The real node may know sooner: a refused script tells it.
    pub(super) fn suspect_alike(&mut self) -> Checked {
        for node in 0..NODES {
            let real = self.nodes[node].cache.inner.standing.is_suspect();
            let step = Step::Suspect(OnNode { node: node as u8 });
            if real && !self.state.nodes[node].suspect && self.model.offered(&self.state).contains(&step) {
                self.state = self.model.after(&self.state, step);
            }
            if !real && self.state.nodes[node].suspect && !self.state.nodes[node].links[CONTROL].connected {
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
        let state = &self.state;
        let control = state.control();
        self.alike("whether Redis has an epoch", redis.epoch.is_some(), control.epoch != 0)?;
        if let (Some(real), true) = (redis.epoch, control.epoch != 0) {
            let known = *self.epochs.entry(control.epoch).or_insert(real);
            self.alike("the epoch in Redis", real, known)?;
            let base = self.bases.get(&control.epoch).copied().unwrap_or(0);
            self.alike("the count", redis.count + base, control.control.clock)?;
        }
        self.alike("the stream's length", redis.stream, control.control.stream.len())?;
        for key in self.model.scenario.keys() {
            let slot = &control.slots[key];
            let real = &redis.slots[key];
            let what = |what| format!("the {what} of key {key} in Redis");
            let there = judge::in_l2_of_all(&self.model, state, key, control.epoch, control.control.stamp);
            let alive = real.value.filter(|(epoch, _)| Some(*epoch) == redis.epoch).map(|(_, value)| value);
            self.alike(&what("value"), alive, there.map(|value| value.version))?;
            self.alike(&what("token"), real.token, slot.token != 0)?;
            self.alike(&what("floor"), real.floor, slot.floor)?;
            for (at, node) in self.nodes.iter().enumerate() {
                let wanted = judge::in_l1(&self.model, state, at, key).map(|copied| copied.version);
                let memory = node.region.get_cached(name(key as u8)).map(|value| *value);
                self.alike(&format!("key {key} in the memory of node {at}"), memory, wanted)?;
                let floor = node.cache.inner.stripes.least_version(&format!("k:{key}"));
                self.alike(&format!("node {at}'s floor"), floor, state.nodes[at].floors[key].into())?;
            }
        }
        for (at, node) in self.nodes.iter().enumerate() {
            let (own, standing) = (&state.nodes[at], &node.cache.inner.standing);
            let link = own.links[CONTROL];
            let known = self.epochs.get(&link.epoch).copied().unwrap_or(0);
            self.alike(&format!("the epoch of node {at}"), standing.epoch(), known)?;
            let base = |epoch: u8| u64::from(self.bases.get(&epoch).copied().unwrap_or(0));
            let last = standing.since().sequence + base(link.epoch);
            self.alike(&format!("what node {at} has heard"), last, own.last.into())?;
            let inbox: Vec<u64> =
                own.inbox.iter().map(|told| u64::from(told.sequence) - base(told.epoch)).collect();
            self.alike(&format!("the inbox of node {at}"), node.gate.inbox(), inbox)?;
            let owed = state.invalidations.iter().filter(|one| one.queued && usize::from(one.node) == at);
            self.alike(&format!("what node {at} owes"), node.l2().backlog.len(), owed.count())?;
        }
        Ok(())
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
        for at in 0..self.readers.len() {
            while let Some(reader) = &self.readers[at]
                && reader.place() != Place::Done
            {
                if reader.on(Go::On).await == Place::Under {
                    return Err(format!("P5: reader {at} waits for ever"));
                }
            }
        }
        let done = self.state.clone();
        let strict = std::mem::replace(&mut self.strict, false);
        self.stages(&done).await?;
        self.strict = strict;
        let redis = self.redis().await;
        for key in 0..KEYS.min(self.model.scenario.keys().end) {
            let queued =
                self.state.invalidations.iter().zip(&self.model.scenario.writers).filter(|(one, writes)| {
                    one.stage == InvalidationStage::Queued && writes.target.covers(key)
                });
            let queued = queued.map(|(one, _)| one.version).max().unwrap_or(0);
            let announced = self.state.control().control.announced[key];
            let promised = queued.max(self.state.applied[key]).max(announced);
            let slot = &redis.slots[key];
            let alive =
                slot.value.filter(|(epoch, _)| Some(*epoch) == redis.epoch && slot.born >= redis.stamp);
            let memories =
                self.nodes.iter().map(|node| node.region.get_cached(name(key as u8)).map(|own| *own));
            let left: Vec<u8> = memories.flatten().chain(alive.map(|(_, value)| value)).collect();
            if left.iter().any(|version| *version < promised) {
                return Err(format!("Q: of key {key} {left:?} are left, and {promised} is promised"));
            }
        }
        Ok(())
    }

    pub(super) async fn redis(&mut self) -> Kept {
        let mut all = redis::pipe();
        let (meta, stream) = (self.key("meta"), self.key("inv"));
        all.cmd("HMGET").arg(&meta).arg(&["e", "q", "p:k:*"]).cmd("XLEN").arg(&stream);
        let ((epoch, count, stamp), stream): (Control, usize) =
            all.query_async(&mut self.redis).await.unwrap();
        let number = |raw: &[u8]| u64::from_be_bytes(raw.try_into().expect("it is 8 bytes"));
        let mut slots = Vec::new();
        for key in 0..KEYS {
            let name = |part: &str| self.key(&format!("{part}:k:{key}"));
            let mut all = redis::pipe();
            all.cmd("GET").arg(name("v")).cmd("EXISTS").arg(name("l")).cmd("GET").arg(name("f"));
            let (bytes, token, floor): (Option<Vec<u8>>, bool, Option<u8>) =
                all.query_async(&mut self.redis).await.unwrap();
            let born = bytes.as_ref().map_or(0, |bytes| number(&bytes[20..28]));
            // A number of one byte, before the checksum.
            let value = bytes.map(|bytes| (number(&bytes[12..20]), bytes[bytes.len() - 9]));
            slots.push(Slot { value, born, token, floor: floor.unwrap_or(0) });
        }
        Kept {
            epoch: epoch.map(|raw| number(&raw)),
            count: count.unwrap_or(0),
            stamp: stamp.unwrap_or(0),
            stream,
            slots,
        }
    }

    pub(super) fn alike<T: PartialEq + std::fmt::Debug>(&self, what: &str, real: T, model: T) -> Checked {
        if self.strict && real != model {
            return Err(format!("{what}: {real:?} really, {model:?} in the model"));
        }
        Ok(())
    }
}

/// What Redis holds, read by a client of its own.
pub(super) struct Kept {
    pub(super) epoch: Option<u64>,
    count: u8,
    stamp: u64,
    stream: usize,
    slots: Vec<Slot>,
}

struct Slot {
    /// Its epoch, and what it is.
    value: Option<(u64, u8)>,
    born: u64,
    token: bool,
    floor: u8,
}

/// Epoch, count, and the stamp of every key.
type Control = (Option<Vec<u8>>, Option<u8>, Option<u64>);
