use std::collections::HashMap;
use std::convert::Infallible;

use mainstay_cache_model::state::{CONTROL, InvalidationStage, KEYS, NODES, ReaderStage, State, Target};
use mainstay_cache_model::{
    AtShard, Coherence, Fault, Message, OfKey, OnNode, Place as At, Reading, Step, Strike, Writing, judge,
};
use mainstay_testkit::redis::Redis;
use redis::aio::MultiplexedConnection;

use super::actor::Actor;
use super::node::Node;
use super::source::Source;
use crate::Delivery;
use crate::hold::{Go, Place, Point, at};

/// The model and the real thing, taking the same steps.
pub(super) struct World<'a> {
    pub(super) model: Coherence,
    pub(super) state: State,
    /// Whether both must look the same after each step. Else only what readers are answered, and what is left, is looked at.
    strict: bool,
    server: &'a Redis,
    redis: MultiplexedConnection,
    prefix: String,
    nodes: Vec<Node>,
    readers: Vec<Option<Actor<u8>>>,
    /// What each reader must see at least.
    least: Vec<u8>,
    writers: Vec<Option<Actor<Delivery>>>,
    source: Source,
    /// The real name of each of the model's epochs.
    epochs: HashMap<u8, u64>,
    /// The model's clock when an epoch began: there the real count began at 0.
    bases: HashMap<u8, u8>,
    /// What a replica holds: name, time to live, contents.
    replica: Vec<(String, i64, Vec<u8>)>,
}

/// A difference, in words.
pub(super) type Checked = Result<(), String>;

fn name(key: u8) -> &'static str {
    if key == 0 { "0" } else { "1" }
}

impl<'a> World<'a> {
    pub(super) async fn new(server: &'a Redis, model: Coherence, warm: bool) -> Self {
        let prefix = format!("c{:x}", fastrand::u64(..));
        let strict = model.scenario.writers.iter().all(|writes| writes.target != Target::Stamp);
        let in_step = !model.scenario.allows(Fault::ReplicaLags);
        let nodes = (0..NODES).map(|_| Node::new(&server.url(), &prefix)).collect();
        let mut world = Self {
            state: model.beginning(warm),
            strict,
            server,
            redis: connect(server).await,
            prefix,
            nodes,
            readers: model.scenario.readers.iter().map(|_| None).collect(),
            least: vec![0; model.scenario.readers.len()],
            writers: model.scenario.writers.iter().map(|_| None).collect(),
            source: Source::new(in_step),
            epochs: HashMap::new(),
            bases: HashMap::from([(1, 0)]),
            replica: Vec::new(),
            model,
        };
        for node in &mut world.nodes {
            node.connect();
            let opening = node.opening.take().unwrap();
            while opening.rests().await != Place::Done {
                opening.on(Go::On).await;
            }
            node.session = opening.result().await;
            node.stand();
        }
        if warm {
            world.warm().await;
        }
        world.snapshot().await;
        let epoch = world.redis().await.epoch.expect("a node said hello");
        world.epochs.insert(world.state.control().epoch, epoch);
        world
    }

    async fn warm(&mut self) {
        for key in self.model.scenario.keys() {
            let (key, floors) = (key as u8, self.model.protocol.floor);
            for node in &self.nodes {
                let load = node.region.get_or_load(name(key), move |cx| async move {
                    if floors {
                        cx.version(1);
                    }
                    Ok::<u8, Infallible>(1)
                });
                assert_eq!(*load.await.unwrap(), 1);
            }
            for part in ["l", "f"] {
                self.delete(&format!("{part}:k:{key}")).await;
            }
        }
    }

    fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix)
    }

    async fn delete(&mut self, rest: &str) {
        let key = self.key(rest);
        let _: u64 = redis::cmd("DEL").arg(key).query_async(&mut self.redis).await.unwrap();
    }

    async fn snapshot(&mut self) {
        if !self.model.scenario.allows(Fault::Failover) {
            return;
        }
        let pattern = self.key("*");
        let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut self.redis).await.unwrap();
        self.replica.clear();
        for key in keys {
            let mut both = redis::pipe();
            both.cmd("PTTL").arg(&key).cmd("DUMP").arg(&key);
            let (life, dump): (i64, Vec<u8>) = both.query_async(&mut self.redis).await.unwrap();
            self.replica.push((key, life.max(0), dump));
        }
    }

    /// Another server answers, with nothing, or with what the replica had.
    async fn replace(&mut self, with_replica: bool) {
        for node in &self.nodes {
            node.gate.hear().await;
        }
        self.server.restart().unwrap();
        self.redis = connect(self.server).await;
        for (key, life, dump) in self.replica.iter().filter(|_| with_replica) {
            let mut restore = redis::cmd("RESTORE");
            restore.arg(key).arg(life).arg(&dump[..]);
            let _: String = restore.query_async(&mut self.redis).await.unwrap();
        }
    }

    /// Whether the real thing has no such step, here and now: see the table in the module's docs.
    pub(super) fn has_no_such(&self, step: Step) -> bool {
        let owing = |node: u8| self.nodes[usize::from(node)].l2().backlog.len();
        let retold = |node: u8| self.nodes[usize::from(node)].replaying.is_some();
        // Nothing but hello goes over a new connection before its answer was taken in.
        let introducing = |node: u8, step: Step| {
            let node = usize::from(node);
            !matches!(step, Step::Bypass(_))
                && self.state.nodes[node].answer.is_some()
                && self.nodes[node].cache.inner.standing.fence().is_none()
        };
        match step {
            Step::InvalidateKey(writing) | Step::InvalidateStamp(writing) | Step::Replay(writing)
                if introducing(writing.node, step) =>
            {
                true
            }
            Step::Bump(writing) => owing(writing.node) > 0,
            Step::InvalidateKey(writing) | Step::InvalidateStamp(writing) | Step::Unreachable(writing) => {
                // Its turn in the line comes after what was owed before it.
                owing(writing.node) > 0
            }
            Step::Replay(writing) => {
                retold(writing.node) || (owing(writing.node) > 1 && !self.is_first_owed(writing))
            }
            Step::Miss(reading) | Step::Bypass(reading) => {
                retold(reading.node) || introducing(reading.node, step)
            }
            Step::Poll(reading) | Step::Commit(reading) => introducing(reading.node, step),
            _ => false,
        }
    }

    fn is_first_owed(&self, writing: Writing) -> bool {
        let version = u64::from(self.state.invalidations[usize::from(writing.writer)].version);
        match self.nodes[usize::from(writing.node)].l2().backlog.first() {
            Some((_, crate::layers::backlog::Revocation::Keys { version: own, .. })) if own != 0 => {
                own == version
            }
            _ => false,
        }
    }

    /// Takes a step in both, and looks whether they agree.
    pub(super) async fn take(&mut self, step: Step) -> Checked {
        let before = self.state.clone();
        let after = self.model.after(&before, step);
        self.nodes.iter().for_each(Node::stand);
        self.act(step, &before, &after).await?;
        if after.control().epoch > before.control().epoch {
            self.bases.insert(after.control().epoch, after.control().control.clock);
        }
        self.state = after;
        for (at, node) in self.nodes.iter().enumerate() {
            node.stand();
            node.gate.hear().await;
            let own = &self.state.nodes[at];
            if own.links[CONTROL].run != self.state.shards[CONTROL].run {
                // Subscribed, but in the model it hears nothing before it knows the server: lost, as anything may be.
                node.gate.lose_beyond(own.inbox.len());
            }
        }
        self.suspect_alike()?;
        self.compare().await
    }

    async fn act(&mut self, step: Step, before: &State, after: &State) -> Checked {
        match step {
            Step::Read(reading) => self.read(reading, before, after).await,
            Step::Miss(reading) => self.go(reading, &[Point::Read], after).await,
            Step::Bypass(reading) => self.bypass(reading, after).await,
            Step::Poll(reading) => self.poll(reading, after).await,
            Step::Load(reading) | Step::LoadReplica(reading) => {
                self.source.ask_replica(matches!(step, Step::LoadReplica(_)));
                let both = self.go(reading, &[Point::Claimed, Point::Load], after).await;
                self.source.ask_replica(false);
                both
            }
            Step::Fill(reading) => self.go(reading, &[Point::Land], after).await,
            Step::Commit(reading) | Step::CommitRefused(reading) => {
                self.go(reading, &[Point::Commit], after).await
            }
            Step::Write(writing) => {
                let keys = self.model.scenario.keys().filter(|key| writing.target.covers(*key));
                let version = self.source.write(keys);
                self.alike("the version written", version, after.database.newest)
            }
            Step::CatchUp => {
                self.source.catch_up();
                Ok(())
            }
            Step::Bump(writing) => self.bump(writing, before).await,
            Step::InvalidateKey(writing) | Step::InvalidateStamp(writing) => {
                self.tell(writing, Go::On, Place::At(Point::Told)).await
            }
            Step::Unreachable(writing) => self.tell(writing, Go::On, Place::Done).await,
            Step::Settle(writing) => self.settle(writing, Go::On, before).await,
            Step::AnswerLost(writing) | Step::Fault(Strike::LoseAnswer(writing)) => {
                self.settle(writing, Go::Away, before).await
            }
            Step::Replay(writing) => self.replay(writing).await,
            Step::Apply(message) | Step::Fault(Strike::Overtake(message)) => self.apply(message, true),
            Step::Fault(Strike::Duplicate(message)) => self.apply(message, false),
            Step::Fault(Strike::Lose(Message { node, index })) => {
                self.nodes[usize::from(node)].gate.strike_out(index.into());
                Ok(())
            }
            Step::Suspect(OnNode { node }) => self.suspect(node, before).await,
            Step::Hello(At { node, .. }) => self.hello(node, before).await,
            Step::Resynchronise(At { node, .. }) => self.resynchronise(node).await,
            Step::Heal(At { node, .. }) => {
                let node = &mut self.nodes[usize::from(node)];
                node.gate.cut(false);
                node.lose();
                Ok(())
            }
            Step::Fault(strike) => {
                self.strike(strike).await;
                Ok(())
            }
            Step::Clock(_) | Step::RevokeSlot(_) | Step::Announce(_) | Step::Relay(_) | Step::Reissue(_) => {
                Err(format!("{step:?} is not replayed"))
            }
        }
    }

    async fn read(&mut self, reading: Reading, before: &State, after: &State) -> Checked {
        let (node, key) = (usize::from(reading.node), reading.key);
        let own = &before.nodes[node];
        self.least[usize::from(reading.reader)] = own.own[usize::from(key)].max(own.heard[usize::from(key)]);
        let (region, source) = (self.nodes[node].region.clone(), self.source.clone());
        let floors = self.model.protocol.floor;
        let reader = Actor::start(async move {
            let load = region.get_or_load(name(key), move |cx| async move {
                let _ = at(Point::Load).await;
                let version = source.read(key.into(), cx.least_version());
                if floors {
                    cx.version(version.into());
                }
                Ok::<u8, Infallible>(version)
            });
            *load.await.unwrap()
        });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.readers[usize::from(reading.reader)] = Some(reader);
        self.stages(after).await
    }

    /// Lets a reader go on from one of these holds, once for each that it comes to.
    async fn go(&mut self, reading: Reading, from: &[Point], after: &State) -> Checked {
        let Some(reader) = &self.readers[usize::from(reading.reader)] else {
            return self.alike("a reader that is to go on", "none", "one");
        };
        for point in from {
            if reader.place() == Place::At(*point) {
                reader.on(Go::On).await;
            }
        }
        self.stages(after).await
    }

    /// What this node owes is told first, and cannot be.
    async fn bypass(&mut self, reading: Reading, after: &State) -> Checked {
        if let Some(reader) = &self.readers[usize::from(reading.reader)] {
            let mut place = reader.place();
            if place == Place::At(Point::Read) {
                place = reader.on(Go::On).await;
            }
            while place == Place::At(Point::Tell) {
                place = reader.on(Go::Away).await;
            }
        }
        self.stages(after).await
    }

    async fn poll(&mut self, reading: Reading, after: &State) -> Checked {
        if let Some(reader) = &self.readers[usize::from(reading.reader)]
            && reader.place() == Place::At(Point::Claimed)
        {
            reader.on(Go::Away).await;
        }
        self.stages(after).await
    }

    /// Whether every reader is where the model says; whoever has his answer must have seen enough.
    async fn stages(&mut self, after: &State) -> Checked {
        for at in 0..self.readers.len() {
            let stage = after.readers[at].stage;
            let Some(reader) = &self.readers[at] else { continue };
            let wanted = match stage {
                ReaderStage::Leading => Place::At(Point::Read),
                ReaderStage::Missed => Place::At(Point::Claimed),
                ReaderStage::Bypassing => Place::At(Point::Load),
                ReaderStage::Loaded | ReaderStage::Fetched => Place::At(Point::Land),
                ReaderStage::Landed => Place::At(Point::Commit),
                ReaderStage::Done => Place::Done,
                _ => Place::Under,
            };
            if wanted != Place::Under && reader.place() == Place::Under {
                reader.rests().await;
            }
            let place = reader.place();
            self.alike(&format!("reader {at}"), place, wanted)?;
            if place == Place::Done
                && let Some(reader) = self.readers[at].take()
            {
                let (seen, expected) = (reader.result().await, self.state.readers[at].version);
                if seen < self.least[at] {
                    return Err(format!("P1 or P2: reader {at} saw {seen}, and not {}", self.least[at]));
                }
                // Who led knows what he answers with; memory and others' flights were compared before.
                if expected != 0 {
                    self.alike(&format!("what reader {at} saw"), seen, expected)?;
                }
            }
        }
        Ok(())
    }

    async fn bump(&mut self, writing: Writing, before: &State) -> Checked {
        let at = usize::from(writing.writer);
        let region = self.nodes[usize::from(writing.node)].region.clone();
        let version = before.invalidations[at].version;
        let version = if self.model.protocol.floor { u64::from(version) } else { 0 };
        let writer = Actor::start(async move {
            match writing.target {
                Target::Key(key) => region.invalidate_version(name(key), version).await,
                Target::Stamp => region.invalidate_pattern("*").await,
            }
        });
        let place = writer.rests().await;
        self.writers[at] = Some(writer);
        self.alike("a writer that has voided", place, Place::At(Point::Tell))
    }

    async fn tell(&mut self, writing: Writing, go: Go, wanted: Place) -> Checked {
        let at = usize::from(writing.writer);
        let Some(writer) = &self.writers[at] else { return self.alike("a writer", "none", "one") };
        let place = writer.on(go).await;
        self.alike("a writer that told", place, wanted)?;
        if place == Place::Done {
            self.delivered(at, Delivery::Queued).await?;
        }
        Ok(())
    }

    async fn settle(&mut self, writing: Writing, go: Go, before: &State) -> Checked {
        let at = usize::from(writing.writer);
        if before.invalidations[at].queued {
            let node = &mut self.nodes[usize::from(writing.node)];
            if let Some(replaying) = node.replaying.take() {
                // What comes next in the line is told by another step.
                replaying.on(go).await;
            }
            return Ok(());
        }
        if let Some(writer) = &self.writers[at] {
            writer.on(go).await;
        }
        let after = self.model.after(before, Step::Settle(writing));
        let applied = go == Go::On && after.invalidations[at].stage == InvalidationStage::Applied;
        self.delivered(at, if applied { Delivery::Applied } else { Delivery::Queued }).await
    }

    async fn delivered(&mut self, at: usize, wanted: Delivery) -> Checked {
        let Some(writer) = self.writers[at].take() else { return Ok(()) };
        self.alike("a writer that ends", writer.place(), Place::Done)?;
        let delivery = writer.result().await;
        self.alike("what a writer was answered", delivery, wanted)
    }

    async fn replay(&mut self, writing: Writing) -> Checked {
        let inner = self.nodes[usize::from(writing.node)].cache.inner.clone();
        let replaying = Actor::start(async move {
            let _ = inner.l2.as_ref().unwrap().settle_backlog().await;
        });
        let mut place = replaying.rests().await;
        if place == Place::At(Point::Tell) {
            place = replaying.on(Go::On).await;
        }
        self.nodes[usize::from(writing.node)].replaying = Some(replaying);
        self.alike("what is owed", place, Place::At(Point::Told))
    }

    fn apply(&mut self, Message { node, index }: Message, strike_out: bool) -> Checked {
        let node = &self.nodes[usize::from(node)];
        let Some(announcement) = node.gate.announcement(index.into()) else {
            return self.alike("an announcement", "none", "one");
        };
        if strike_out {
            node.gate.strike_out(index.into());
        }
        node.apply(announcement);
        Ok(())
    }

    async fn suspect(&mut self, node: u8, before: &State) -> Checked {
        let connected = before.nodes[usize::from(node)].links[CONTROL].connected;
        let node = &mut self.nodes[usize::from(node)];
        if !connected {
            node.lose();
            return Ok(());
        }
        node.ask();
        if let Some(opening) = &node.opening {
            opening.rests().await;
        }
        Ok(())
    }

    async fn hello(&mut self, node: u8, before: &State) -> Checked {
        let connected = before.nodes[usize::from(node)].links[CONTROL].connected;
        let node = &mut self.nodes[usize::from(node)];
        if !connected {
            node.lose();
            node.connect();
        } else if node.opening.is_none() {
            node.ask();
        }
        let mut place = Place::Under;
        if let Some(opening) = &node.opening {
            place = opening.rests().await;
            if place == Place::At(Point::Hello) {
                place = opening.on(Go::On).await;
            }
        }
        self.alike("a hello", place, Place::At(Point::Answered))
    }

    async fn resynchronise(&mut self, node: u8) -> Checked {
        let node = &mut self.nodes[usize::from(node)];
        let mut place = Place::Under;
        if let Some(opening) = node.opening.take() {
            place = opening.on(Go::On).await;
            while place == Place::At(Point::Tell) {
                place = opening.on(Go::Away).await;
            }
            if place == Place::Done {
                node.session = opening.result().await;
            }
        }
        self.alike("a hello taken in", place, Place::Done)
    }

    async fn strike(&mut self, strike: Strike) {
        match strike {
            Strike::Crash(OnNode { node }) => self.crash(node),
            Strike::Restart(_) => self.replace(false).await,
            Strike::Failover(_) => self.replace(true).await,
            Strike::StopReplica(AtShard { .. }) => self.snapshot().await,
            Strike::Cut(At { node, .. }) => self.nodes[usize::from(node)].gate.cut(true),
            Strike::LoseToken(OfKey { key }) => self.delete(&format!("l:k:{key}")).await,
            Strike::EvictValue(OfKey { key }) => self.delete(&format!("v:k:{key}")).await,
            Strike::ExpireFloor(OfKey { key }) => {
                self.delete(&format!("f:k:{key}")).await;
                for node in &self.nodes {
                    let stripes = &node.cache.inner.stripes;
                    stripes.of(&format!("k:{key}")).lock().floors = Default::default();
                }
            }
            Strike::EvictControl(_) => self.delete("meta").await,
            Strike::EvictStream => self.delete("inv").await,
            Strike::TrimStream => {
                let (key, left) = (self.key("inv"), self.state.control().control.stream.len() - 1);
                let mut trim = redis::cmd("XTRIM");
                trim.arg(key).arg("MAXLEN").arg(left);
                let _: u64 = trim.query_async(&mut self.redis).await.unwrap();
            }
            // The other strikes are steps of an actor; parts of the control key cannot be evicted.
            _ => {}
        }
    }

    fn crash(&mut self, node: u8) {
        let scenario = &self.model.scenario;
        let on_it = |own: u8| own == node;
        for (reads, reader) in scenario.readers.iter().zip(&mut self.readers) {
            if on_it(reads.node) {
                *reader = None;
            }
        }
        for (writes, writer) in scenario.writers.iter().zip(&mut self.writers) {
            if on_it(writes.node) {
                *writer = None;
            }
        }
        let at = usize::from(node);
        let cut = self.state.nodes[at].links[CONTROL].cut;
        self.nodes[at] = Node::new(&self.server.url(), &self.prefix);
        self.nodes[at].gate.cut(cut);
    }

    /// The real node may know sooner: a refused script tells it.
    fn suspect_alike(&mut self) -> Checked {
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

    async fn compare(&mut self) -> Checked {
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
    pub(super) fn is_under_way(&self) -> bool {
        use {InvalidationStage as Writing, ReaderStage as Reading};
        let reading = |stage| !matches!(stage, Reading::Idle | Reading::Done | Reading::Dead);
        let writing = |stage| !matches!(stage, Writing::Idle | Writing::Applied | Writing::Dead);
        self.state.readers.iter().any(|reader| reading(reader.stage))
            || self.state.invalidations.iter().any(|one| writing(one.stage))
    }

    /// Once all is at rest nothing stale is left, whatever the model has there.
    pub(super) async fn rest(&mut self) -> Checked {
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

    async fn redis(&mut self) -> Kept {
        let mut all = redis::pipe();
        let (meta, stream) = (self.key("meta"), self.key("inv"));
        all.cmd("HMGET").arg(&meta).arg(&["e", "q", "p:k:*"]).cmd("XLEN").arg(&stream);
        let ((epoch, count, stamp), stream): ((Option<Vec<u8>>, Option<u8>, Option<u64>), usize) =
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

    fn alike<T: PartialEq + std::fmt::Debug>(&self, what: &str, real: T, model: T) -> Checked {
        if self.strict && real != model {
            return Err(format!("{what}: {real:?} really, {model:?} in the model"));
        }
        Ok(())
    }
}

/// What Redis holds, read by a client of its own.
struct Kept {
    epoch: Option<u64>,
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

async fn connect(server: &Redis) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
