//! A command to a bucket whose server, or epoch, the node does not know says hello there by itself. In the model that is a step
//! of its own, which is then taken first.

use mainstay_cache_model::state::{CONTROL, InvalidationStage};
use mainstay_cache_model::{Place as At, Step};

use super::World;
use crate::hold::Go;

impl World<'_> {
    /// The hello, or its answer, that comes before a step.
    pub(in super::super) fn introduction(&self, step: Step) -> Option<Step> {
        let (node, bucket) = self.goes_to(step)?;
        if bucket == CONTROL || self.is_cut(node, bucket) || self.is_met(node, bucket) {
            return None;
        }
        let place = At { node, bucket: bucket as u8 };
        let link = &self.state.nodes[usize::from(node)].links[bucket];
        Some(if link.met.is_some() { Step::Resynchronise(place) } else { Step::Hello(place) })
    }

    fn is_met(&self, node: u8, bucket: usize) -> bool {
        let link = &self.state.nodes[usize::from(node)].links[bucket];
        link.run == self.state.run(bucket) && link.epoch == self.state.buckets[bucket].held.epoch
    }

    /// Whether a step is in the place of another only because the node has not met the bucket.
    pub(super) fn is_only_unmet(&self, step: Step) -> bool {
        self.introduction(step).is_some()
            && match step {
                Step::Bypass(reading) => {
                    let owes =
                        self.state.invalidations.iter().any(|one| one.queued && one.node == reading.node);
                    self.reaches_control(reading.node) && !owes
                }
                _ => true,
            }
    }

    /// Whether the control key answers a node, and in its epoch.
    pub(super) fn reaches_control(&self, node: u8) -> bool {
        let link = &self.state.nodes[usize::from(node)].links[CONTROL];
        Self::is_connected(&self.state, node)
            && !self.is_cut(node, CONTROL)
            && link.epoch == self.state.control().epoch
    }

    /// How a node fares with the control key when it is not to be told, or asked: really so, or for a test's sake.
    pub(super) fn fails_there(&self, node: u8) -> Go {
        if self.reaches_control(node) { Go::Away } else { Go::On }
    }

    /// The bucket that a step's command goes to, if there is one beside the control key's.
    fn goes_to(&self, step: Step) -> Option<(u8, usize)> {
        if !self.in_buckets() {
            return None;
        }
        let scenario = &self.model.scenario;
        match step {
            Step::Look(reading)
            | Step::Miss(reading)
            | Step::Bypass(reading)
            | Step::Commit(reading)
            | Step::CommitRefused(reading) => Some((reading.node, scenario.home(reading.key.into()))),
            Step::RevokeSlot(writing) | Step::Unreachable(writing) | Step::Replay(writing) => {
                let invalidation = &self.state.invalidations[self.place(writing)];
                let told = if invalidation.stage == InvalidationStage::Queued {
                    0
                } else {
                    invalidation.slots.len()
                };
                let key = scenario.named(writing.target).nth(told)?;
                Some((writing.node, scenario.home(key)))
            }
            _ => None,
        }
    }
}
