//! The steps of the model, taken really.

use std::convert::Infallible;

use mainstay_cache_model::state::{CONTROL, InvalidationStage, ReaderStage, State, Target};
use mainstay_cache_model::{AtShard, Message, OfKey, OnNode, Place as At, Reading, Step, Strike, Writing};

use super::{Checked, World, name};
use crate::Delivery;
use crate::hold::{Go, Place, Point, at};
use crate::tests::conformance::actor::Actor;
use crate::tests::conformance::node::Node;

impl World<'_> {
    pub(super) async fn act(&mut self, step: Step, before: &State, after: &State) -> Checked {
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
    pub(super) async fn stages(&mut self, after: &State) -> Checked {
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
}
