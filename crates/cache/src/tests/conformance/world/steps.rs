use mainstay_cache_model::state::{CONTROL, State};
use mainstay_cache_model::{Line, Message, OnNode, Place as At, Step, Strike};

use super::{Checked, World};
use crate::hold::{Go, Place, Point};

impl World<'_> {
    pub(super) async fn act(&mut self, step: Step, before: &State, after: &State) -> Checked {
        match step {
            Step::Read(reading) => self.read(reading, before, after).await,
            Step::Look(reading) | Step::Miss(reading) => self.ask(reading, Point::Slot, after).await,
            Step::Clock(reading) => self.ask(reading, Point::Clock, after).await,
            Step::Bypass(reading) => self.bypass(reading, after).await,
            Step::Poll(reading) => self.poll(reading, after).await,
            Step::Load(reading) | Step::LoadReplica(reading) => {
                self.source.ask_replica(matches!(step, Step::LoadReplica(_)));
                let both = self.go(reading, &[Point::Claimed, Point::Load], after).await;
                self.source.ask_replica(false);
                both
            }
            Step::Fill(reading) => self.go(reading, &[Point::Land], after).await,
            Step::Commit(reading) => self.go(reading, &[Point::Commit, Point::Slot], after).await,
            Step::CommitRefused(reading) => self.commit_refused(reading, after).await,
            Step::Write(writing) => self.write(writing, after).await,
            Step::CatchUp => {
                self.source.catch_up();
                Ok(())
            }
            // The relay has chosen its row; it reads it when it begins to tell it.
            Step::Relay(_) => Ok(()),
            Step::Bump(writing) => self.bump(writing, before).await,
            Step::InvalidateKey(writing) | Step::InvalidateStamp(writing) => {
                self.tell(writing, &[Point::Tell], after).await
            }
            Step::RevokeSlot(writing) => self.revoke_slot(writing, after).await,
            Step::Announce(writing) => self.tell(writing, &[Point::Announce], after).await,
            Step::Unreachable(writing) => self.unreachable(writing, before).await,
            Step::Settle(writing) => self.settle(writing, Go::On, before, after).await,
            Step::AnswerLost(writing) | Step::Fault(Strike::LoseAnswer(writing)) => {
                self.settle(writing, Go::Away, before, after).await
            }
            Step::Replay(writing) => self.replay(writing, after).await,
            Step::Apply(message) | Step::Fault(Strike::Overtake(message)) => self.apply(message, true),
            Step::Fault(Strike::Duplicate(message)) => self.apply(message, false),
            Step::Fault(Strike::Lose(Message { node, index })) => {
                self.node(node).gate.strike_out(index.into());
                Ok(())
            }
            Step::Suspect(OnNode { node }) => self.suspect(node, before).await,
            Step::Hello(At { node, bucket }) if usize::from(bucket) == CONTROL => {
                self.hello(node, before).await
            }
            Step::Hello(place) => self.meet(place).await,
            Step::Resynchronise(At { node, bucket }) if usize::from(bucket) == CONTROL => {
                self.resynchronise(node).await
            }
            Step::Resynchronise(place) => self.met(place).await,
            Step::Heal(Line { node, server }) => {
                if server == before.buckets[CONTROL].server {
                    let node = &mut self.nodes[usize::from(node)];
                    node.gate.cut(false);
                    node.lose();
                }
                Ok(())
            }
            Step::Fault(strike) => {
                self.strike(strike).await;
                Ok(())
            }
            Step::Reissue(_) => Err(format!("{step:?} is not of the protocol")),
        }
    }

    fn apply(&mut self, Message { node, index }: Message, strike_out: bool) -> Checked {
        let node = self.node(node);
        let Some(announcement) = node.gate.announcement(index.into()) else {
            return self.alike("an announcement", "none", "one");
        };
        if strike_out {
            node.gate.strike_out(index.into());
        }
        node.apply(announcement);
        Ok(())
    }

    /// Whether the connection leads to whoever has the control key.
    pub(super) fn is_connected(state: &State, node: u8) -> bool {
        let own = &state.nodes[usize::from(node)];
        own.connected && own.links[CONTROL].run == state.run(CONTROL)
    }

    async fn suspect(&mut self, node: u8, before: &State) -> Checked {
        let connected = Self::is_connected(before, node);
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
        let connected = Self::is_connected(before, node);
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
            opening.on(Go::On).await;
            place = opening.past(&[Point::Tell], Go::Away).await;
            if place == Place::Done {
                node.session = opening.result().await;
            }
        }
        self.alike("a hello taken in", place, Place::Done)
    }

    async fn meet(&mut self, At { node, bucket }: At) -> Checked {
        let (node, key) = (&mut self.nodes[usize::from(node)], usize::from(bucket) - 1);
        node.meet(key);
        let place = match &node.meetings[key] {
            Some(meeting) => meeting.rests().await,
            None => Place::Under,
        };
        self.alike("a hello to a bucket", place, Place::At(Point::Met))
    }

    async fn met(&mut self, At { node, bucket }: At) -> Checked {
        let meeting = self.nodes[usize::from(node)].meetings[usize::from(bucket) - 1].take();
        let place = match &meeting {
            Some(meeting) => meeting.on(Go::On).await,
            None => Place::Under,
        };
        self.alike("a bucket's answer taken in", place, Place::Done)
    }
}
