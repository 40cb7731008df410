use mainstay_cache_model::state::CONTROL;
use mainstay_cache_model::{AtBucket, AtServer, Line, OfKey, OnNode, Strike};

use super::World;
use crate::tests::conformance::node::Node;
use crate::tests::conformance::servers::Left;

impl World<'_> {
    pub(super) async fn strike(&mut self, strike: Strike) {
        match strike {
            Strike::Crash(OnNode { node }) => self.crash(node),
            Strike::Restart(AtServer { server }) => self.replace(server, Left::Nothing).await,
            Strike::Failover(AtServer { server }) => self.replace(server, Left::WhatTheReplicaHad).await,
            Strike::StopReplica(AtServer { server }) => self.snapshot(server.into()).await,
            Strike::Move(AtBucket { bucket }) => {
                self.hear().await;
                let to = 1 - usize::from(self.state.buckets[usize::from(bucket)].server);
                self.servers.move_bucket(bucket.into(), to).await;
            }
            Strike::Cut(Line { node, server }) if server == self.state.buckets[CONTROL].server => {
                self.node(node).gate.cut(true);
            }
            Strike::Cut(_) => {}
            Strike::LoseToken(OfKey { key }) => self.delete(key.into(), "l").await,
            Strike::EvictValue(OfKey { key }) => self.delete(key.into(), "v").await,
            Strike::ExpireFloor(OfKey { key }) => {
                self.delete(key.into(), "f").await;
                for node in &self.nodes {
                    let stripes = &node.cache.inner.stripes;
                    stripes.of(&format!("k:{key}")).lock().floors = Default::default();
                }
            }
            Strike::EvictControl(AtBucket { bucket }) => {
                let key = if usize::from(bucket) == CONTROL { "meta" } else { "e" };
                self.servers.delete(bucket.into(), key).await;
            }
            Strike::EvictStream => self.servers.delete(CONTROL, "inv").await,
            Strike::TrimStream => {
                let left = (self.state.control().control.stream.len() - 1).to_string();
                let _: u64 = self.servers.ask(CONTROL, "XTRIM", "inv", &["MAXLEN", &left]).await;
            }
            // The other strikes are steps of an actor; parts of the control key cannot be evicted; no test gives a run id back.
            _ => {}
        }
    }

    async fn replace(&mut self, server: u8, left: Left) {
        self.hear().await;
        self.servers.replace(server.into(), left).await;
    }

    /// What is on its way still arrives.
    async fn hear(&self) {
        for (node, own) in self.nodes.iter().zip(&self.state.nodes) {
            node.gate.hear(own.inbox.len()).await;
        }
    }

    fn crash(&mut self, node: u8) {
        let scenario = &self.model.scenario;
        for (reads, reader) in scenario.readers.iter().zip(&mut self.readers) {
            if reads.node == node {
                *reader = None;
            }
        }
        for (one, writer) in self.state.invalidations.iter().zip(&mut self.writers) {
            if one.node == node {
                *writer = None;
            }
        }
        self.nodes[usize::from(node)] = Node::new(self.servers.config());
        self.node(node).gate.cut(self.is_cut(node, CONTROL));
    }
}
