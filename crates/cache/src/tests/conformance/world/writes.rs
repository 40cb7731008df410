use std::sync::Arc;

use mainstay_cache_model::Writing;
use mainstay_cache_model::state::{Invalidation, InvalidationStage as Stage, State, Target};

use super::{Checked, World, name};
use crate::Delivery;
use crate::hold::{Go, Place, Point};
use crate::tests::conformance::actor::Actor;

impl World<'_> {
    pub(super) async fn write(&mut self, writing: Writing, after: &State) -> Checked {
        let keys = self.model.scenario.keys().filter(|key| writing.target.covers(*key));
        let version = self.source.write(keys);
        if let (Some(outbox), Target::Key(key)) = (&self.outbox, writing.target) {
            outbox.add(name(key.into()).to_owned()).await;
        }
        self.alike("the version written", version, after.database.newest)
    }

    pub(super) async fn bump(&mut self, writing: Writing, before: &State) -> Checked {
        let at = self.place(writing);
        let (cache, region) = {
            let node = self.node(writing.node);
            (node.cache.clone(), node.region.clone())
        };
        let version = before.invalidations[at].version;
        let version = if self.model.protocol.floor { u64::from(version) } else { 0 };
        let keys: Vec<Arc<str>> =
            self.model.scenario.named(writing.target).map(|key| format!("k:{key}").into()).collect();
        let by_tag = self.by_tag;
        let writer = if writing.relay {
            self.tell_row(&cache)
        } else {
            Actor::start(async move {
                match writing.target {
                    Target::Key(key) => region.invalidate_version(name(key.into()), version).await,
                    Target::Keys => cache.inner.invalidate_keys(keys, version).await,
                    Target::Stamp if by_tag => cache.invalidate_tag("t").await,
                    Target::Stamp => region.invalidate_pattern("*").await,
                }
            })
        };
        let place = writer.rests().await;
        self.writers[at] = Some(writer);
        self.alike("a writer that has voided", place, Place::At(Point::Tell))
    }

    /// Lets whoever tells an invalidation go on from these holds: its writer, or, once it was queued, who tells what is owed.
    async fn past(&self, writing: Writing, points: &[Point], go: Go) -> Place {
        let at = self.place(writing);
        if self.state.invalidations[at].queued {
            match &self.node(writing.node).replaying {
                Some(replaying) => replaying.past(points, go).await,
                None => Place::Under,
            }
        } else {
            match &self.writers[at] {
                Some(writer) => writer.past(points, go).await,
                None => Place::Under,
            }
        }
    }

    fn wanted(after: &Invalidation, slots: usize) -> Place {
        Place::At(match after.stage {
            Stage::Half if after.slots.len() < slots => Point::Slot,
            Stage::Half => Point::Announce,
            _ => Point::Told,
        })
    }

    /// The script on the control key.
    pub(super) async fn tell(&mut self, writing: Writing, from: &[Point], after: &State) -> Checked {
        let place = self.past(writing, from, Go::On).await;
        let slots = self.model.scenario.named(writing.target).count();
        let wanted = Self::wanted(&after.invalidations[self.place(writing)], slots);
        self.alike("a writer that told", place, wanted)
    }

    /// The script on one slot of them.
    pub(super) async fn revoke_slot(&mut self, writing: Writing, after: &State) -> Checked {
        let mut place = self.past(writing, &[Point::Tell], Go::On).await;
        if place == Place::At(Point::Slot) {
            place = self.on(writing, Go::On).await;
        }
        let slots = self.model.scenario.named(writing.target).count();
        let wanted = Self::wanted(&after.invalidations[self.place(writing)], slots);
        self.alike("a writer that told a slot", place, wanted)
    }

    async fn on(&self, writing: Writing, go: Go) -> Place {
        let at = self.place(writing);
        if self.state.invalidations[at].queued {
            match &self.node(writing.node).replaying {
                Some(replaying) => replaying.on(go).await,
                None => Place::Under,
            }
        } else {
            match &self.writers[at] {
                Some(writer) => writer.on(go).await,
                None => Place::Under,
            }
        }
    }

    pub(super) async fn unreachable(&mut self, writing: Writing, before: &State) -> Checked {
        self.past(writing, &[Point::Tell], Go::On).await;
        self.past(writing, &[Point::Slot], Go::Away).await;
        let place = self.past(writing, &[Point::Announce], self.fails_there(writing.node)).await;
        self.alike("a writer that cannot tell", place, Place::Done)?;
        self.ends(writing, Delivery::Queued, before).await
    }

    pub(super) async fn settle(
        &mut self,
        writing: Writing,
        go: Go,
        before: &State,
        after: &State,
    ) -> Checked {
        self.on(writing, go).await;
        let stage = after.invalidations[self.place(writing)].stage;
        let wanted = if stage == Stage::Queued { Delivery::Queued } else { Delivery::Applied };
        self.ends(writing, wanted, before).await
    }

    /// Whoever told it is done with it.
    async fn ends(&mut self, writing: Writing, wanted: Delivery, before: &State) -> Checked {
        let at = self.place(writing);
        if before.invalidations[at].queued {
            // What comes next in the line is told by another step.
            self.nodes[usize::from(writing.node)].replaying = None;
            return Ok(());
        }
        let Some(writer) = self.writers[at].take() else {
            return self.alike("a writer that ends", "none", "one");
        };
        self.alike("a writer that ends", writer.place(), Place::Done)?;
        let delivery = writer.result().await;
        self.alike("what a writer was answered", delivery, wanted)
    }

    pub(super) async fn replay(&mut self, writing: Writing, after: &State) -> Checked {
        let inner = self.node(writing.node).cache.inner.clone();
        let replaying = Actor::start(async move {
            let _ = inner.l2.as_ref().unwrap().settle_backlog().await;
        });
        replaying.rests().await;
        self.nodes[usize::from(writing.node)].replaying = Some(replaying);
        if self.in_buckets() && writing.target != Target::Stamp {
            self.revoke_slot(writing, after).await
        } else {
            self.tell(writing, &[Point::Tell], after).await
        }
    }
}
