use mainstay_cache_model::Reading;
use mainstay_cache_model::state::{ReaderStage as Stage, State};

use super::{Checked, World, load, name};
use crate::hold::{Go, Place, Point, at};
use crate::tests::conformance::actor::Actor;

impl World<'_> {
    pub(super) async fn read(&mut self, reading: Reading, before: &State, after: &State) -> Checked {
        let (reader, key) = (usize::from(reading.reader), usize::from(reading.key));
        let own = &before.nodes[usize::from(reading.node)];
        self.least[reader] = own.own[key].max(own.heard[key]);
        let (region, source) = (self.node(reading.node).region.clone(), self.source.clone());
        let (floors, by_tag) = (self.model.protocol.floor, self.by_tag);
        let actor = Actor::start(async move {
            let load = region.get_or_load(name(key), move |cx| async move {
                let _ = at(Point::Load).await;
                let version = source.read(key, cx.least_version());
                load(cx, version, floors, by_tag).await
            });
            *load.await.unwrap()
        });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.readers[reader] = Some(actor);
        self.stages(after).await
    }

    /// Asks one of the two that are asked for a look or a claim; where there is but one question, asks it.
    pub(super) async fn ask(&mut self, reading: Reading, what: Point, after: &State) -> Checked {
        if let Some(reader) = &self.readers[usize::from(reading.reader)] {
            if matches!(reader.place(), Place::At(Point::Read | Point::Claim)) {
                reader.on(Go::On).await;
            }
            let other = if what == Point::Slot { Point::Clock } else { Point::Slot };
            reader.past(&[other], Go::Last).await;
            if self.in_buckets() && reader.place() == Place::At(what) {
                reader.on(Go::On).await;
            }
        }
        self.stages(after).await
    }

    /// Lets a reader go on from one of these holds, once for each that it comes to.
    pub(super) async fn go(&mut self, reading: Reading, from: &[Point], after: &State) -> Checked {
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

    /// What this node owes is told first, and cannot be; nor can a bucket be asked.
    pub(super) async fn bypass(&mut self, reading: Reading, after: &State) -> Checked {
        let there = self.fails_there(reading.node);
        if let Some(reader) = &self.readers[usize::from(reading.reader)] {
            reader.past(&[Point::Read, Point::Claim], Go::On).await;
            reader.past(&[Point::Tell], Go::Away).await;
            reader.past(&[Point::Clock], there).await;
            reader.past(&[Point::Slot], Go::Away).await;
            reader.past(&[Point::Clock], there).await;
        }
        self.stages(after).await
    }

    pub(super) async fn poll(&mut self, reading: Reading, after: &State) -> Checked {
        if let Some(reader) = &self.readers[usize::from(reading.reader)]
            && reader.place() == Place::At(Point::Claimed)
        {
            reader.on(Go::Away).await;
        }
        self.stages(after).await
    }

    pub(super) async fn commit_refused(&mut self, reading: Reading, after: &State) -> Checked {
        if let Some(reader) = &self.readers[usize::from(reading.reader)] {
            reader.past(&[Point::Commit], Go::On).await;
            reader.past(&[Point::Slot], Go::Away).await;
        }
        self.stages(after).await
    }

    /// Whether every reader is where the model says; whoever has his answer must have seen enough.
    pub(super) async fn stages(&mut self, after: &State) -> Checked {
        for at in 0..self.readers.len() {
            let Some(reader) = &self.readers[at] else { continue };
            let model = &after.readers[at];
            let wanted = match model.stage {
                Stage::Leading if model.claims => Place::At(Point::Claim),
                Stage::Leading => Place::At(Point::Read),
                Stage::Asked => Place::At(Point::Slot),
                Stage::Answered => Place::At(Point::Clock),
                Stage::Missed => Place::At(Point::Claimed),
                Stage::Bypassing => Place::At(Point::Load),
                Stage::Loaded | Stage::Fetched => Place::At(Point::Land),
                Stage::Landed => Place::At(Point::Commit),
                Stage::Done => Place::Done,
                Stage::Idle | Stage::Joined | Stage::Dead => Place::Under,
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
}
