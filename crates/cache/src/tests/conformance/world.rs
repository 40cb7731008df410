mod compare;
mod steps;

use std::collections::HashMap;
use std::convert::Infallible;

use mainstay_cache_model::state::{CONTROL, NODES, State, Target};
use mainstay_cache_model::{Coherence, Fault, Step, Writing};
use mainstay_testkit::redis::Redis;
use redis::aio::MultiplexedConnection;

use super::actor::Actor;
use super::node::Node;
use super::source::Source;
use crate::Delivery;
use crate::hold::{Go, Place};

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
}

async fn connect(server: &Redis) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
