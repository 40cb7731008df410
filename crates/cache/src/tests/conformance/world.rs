mod compare;
mod faults;
mod introductions;
mod reads;
mod steps;
mod writes;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use mainstay_cache_model::state::{CONTROL, Invalidation, NODES, State};
use mainstay_cache_model::{Coherence, Fault, Layout, Step, Writing};

use super::actor::Actor;
use super::node::Node;
use super::rows::Rows;
use super::servers::{Real, Servers};
use super::source::Source;
use crate::hold::{Go, Place};
use crate::layers::backlog::Backlog;
use crate::{Cache, Delivery};

/// The model and the real thing, taking the same steps.
pub(super) struct World<'a> {
    pub(super) model: Coherence,
    pub(super) state: State,
    /// What the stamps of the scenario are: of a tag, or of a pattern.
    by_tag: bool,
    servers: Servers<'a>,
    nodes: Vec<Node>,
    readers: Vec<Option<Actor<u8>>>,
    /// What each reader must see at least.
    least: Vec<u8>,
    /// One for each invalidation of the model.
    writers: Vec<Option<Actor<Delivery>>>,
    /// The invalidations that each node owes, in the order in which it tells them.
    owed: Vec<Vec<usize>>,
    source: Source,
    outbox: Option<Arc<dyn Rows>>,
    /// The real name of each of the model's epochs.
    epochs: HashMap<u8, u64>,
}

/// A difference, in words.
pub(super) type Checked = Result<(), String>;

fn name(key: usize) -> &'static str {
    if key == 0 { "0" } else { "1" }
}

/// What is loaded for a key: its version is the value.
async fn load(cx: crate::LoadContext, version: u8, floors: bool, by_tag: bool) -> Result<u8, Infallible> {
    if floors {
        cx.version(version.into());
    }
    if by_tag {
        cx.tag("t");
    }
    Ok(version)
}

impl<'a> World<'a> {
    pub(super) async fn new(
        real: Real<'a>,
        outbox: Option<Arc<dyn Rows>>,
        model: Coherence,
        warm: bool,
    ) -> Self {
        let in_step = !model.scenario.allows(Fault::ReplicaLags);
        let servers = Servers::new(real, &model.scenario.servers()).await;
        let state = model.beginning(warm);
        let mut world = Self {
            by_tag: !model.protocol.joiner_checks,
            nodes: (0..NODES).map(|_| Node::new(servers.config())).collect(),
            servers,
            readers: state.readers.iter().map(|_| None).collect(),
            least: vec![0; state.readers.len()],
            writers: state.invalidations.iter().map(|_| None).collect(),
            owed: vec![Vec::new(); NODES],
            source: Source::new(in_step),
            outbox,
            epochs: HashMap::new(),
            state,
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
            for key in world.model.scenario.keys() {
                if let Some(cluster) = &node.cluster {
                    cluster.meet_bucket_of(&format!("k:{key}")).await.unwrap();
                }
            }
        }
        if warm {
            world.warm().await;
        }
        for server in 0..world.state.servers.len() {
            world.snapshot(server).await;
        }
        world.compare().await.expect("both begin alike");
        world
    }

    async fn warm(&mut self) {
        let (floors, by_tag) = (self.model.protocol.floor, self.by_tag);
        for key in self.model.scenario.keys() {
            for node in &self.nodes {
                let load = node.region.get_or_load(name(key), move |cx| load(cx, 1, floors, by_tag));
                assert_eq!(*load.await.unwrap(), 1);
            }
            for part in ["l", "f"] {
                self.delete(key, part).await;
            }
        }
    }

    /// Deletes a part of what Redis has of a key.
    async fn delete(&mut self, key: usize, part: &str) {
        self.servers.delete(self.model.scenario.home(key), &format!("{part}:k:{key}")).await;
    }

    async fn snapshot(&mut self, server: usize) {
        if self.model.scenario.allows(Fault::Failover) {
            self.servers.snapshot(server).await;
        }
    }

    fn in_buckets(&self) -> bool {
        self.model.scenario.layout == Layout::Cluster
    }

    fn node(&self, node: u8) -> &Node {
        &self.nodes[usize::from(node)]
    }

    /// An invalidation's place in the model's state.
    fn place(&self, writing: Writing) -> usize {
        usize::from(writing.writer) + if writing.relay { self.model.scenario.writers.len() } else { 0 }
    }

    fn is_cut(&self, node: u8, bucket: usize) -> bool {
        self.state.nodes[usize::from(node)].cut[usize::from(self.state.buckets[bucket].server)]
    }

    /// Whether the real thing has no such step, here and now: see the table in the module's docs.
    pub(super) fn has_no_such(&self, step: Step) -> bool {
        let backlog = |node: u8| -> &Backlog { &self.node(node).l2().backlog };
        let owing = |node: u8| backlog(node).len();
        let retold = |node: u8| self.node(node).replaying.is_some();
        // Nothing but hello goes over a new connection before its answer was taken in.
        let introducing = |node: u8| {
            let asked = self.state.nodes[usize::from(node)].answer.is_some() || self.in_buckets();
            asked && !self.node(node).is_linked()
        };
        match step {
            Step::Bump(writing) => owing(writing.node) > 0,
            // Its turn in the line comes after what was owed before it.
            Step::InvalidateKey(writing) | Step::InvalidateStamp(writing) => {
                introducing(writing.node) || (owing(writing.node) > 0 && !self.is_retold(writing))
            }
            Step::RevokeSlot(writing) | Step::Announce(writing) => {
                introducing(writing.node) || (owing(writing.node) > 0 && !self.is_retold(writing))
            }
            Step::Unreachable(writing) => {
                (owing(writing.node) > 0 && !self.is_retold(writing)) || self.is_only_unmet(step)
            }
            Step::Replay(writing) => {
                introducing(writing.node)
                    || retold(writing.node)
                    || self.owed[usize::from(writing.node)].first() != Some(&self.place(writing))
            }
            Step::Look(reading) | Step::Miss(reading) | Step::Clock(reading) => {
                retold(reading.node) || introducing(reading.node)
            }
            Step::Bypass(reading) => retold(reading.node) || self.is_only_unmet(step),
            Step::Commit(reading) => introducing(reading.node),
            // Who listens takes hello's answer in before it finds the connection dead.
            Step::Heal(line) => {
                line.server == self.state.buckets[CONTROL].server && self.node(line.node).opening.is_some()
            }
            Step::CommitRefused(_) => self.is_only_unmet(step),
            _ => false,
        }
    }

    fn is_retold(&self, writing: Writing) -> bool {
        self.state.invalidations[self.place(writing)].queued
    }

    /// Takes a step in both, and looks whether they agree.
    pub(super) async fn take(&mut self, step: Step) -> Checked {
        let before = self.state.clone();
        let after = self.model.after(&before, step);
        self.nodes.iter().for_each(Node::stand);
        self.act(step, &before, &after).await?;
        self.note_owed(&before.invalidations, &after.invalidations);
        self.state = after;
        for (at, node) in self.nodes.iter().enumerate() {
            node.stand();
            let own = &self.state.nodes[at];
            node.gate.hear(own.inbox.len()).await;
            if own.links[CONTROL].run != self.state.run(CONTROL) {
                // Subscribed, but in the model it hears nothing before it knows the server: lost, as anything may be.
                node.gate.lose_beyond(own.inbox.len());
            }
        }
        self.suspect_alike()?;
        self.compare().await
    }

    fn note_owed(&mut self, before: &[Invalidation], after: &[Invalidation]) {
        for (at, (before, after)) in before.iter().zip(after).enumerate() {
            if before.queued && !after.queued {
                self.owed.iter_mut().for_each(|owed| owed.retain(|one| *one != at));
            } else if after.queued && !before.queued {
                self.owed[usize::from(after.node)].push(at);
            }
        }
    }

    fn tell_row(&self, cache: &Cache) -> Actor<Delivery> {
        let outbox = self.outbox.as_ref().expect("a relay has an outbox");
        Actor::start(outbox.tell(cache.clone()))
    }
}
