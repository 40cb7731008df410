//! Step 10, **peer**: an announcement of another epoch makes suspect. Any other is applied, whatever its number, and `last`
//! moves only if it is the next one; a gap makes suspect.

use super::{Message, OnNode, Step, invalidate_key, reissue};
use crate::clock;
use crate::generation;
use crate::model::Coherence;
use crate::protocol::Reissue;
use crate::state::{Announcement, CONTROL, Node, State, Target};

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let own = &state.nodes[usize::from(node)];
    if !own.inbox.is_empty() {
        steps.push(Step::Apply(Message { node, index: 0 }));
    }
    let control = state.control();
    let differs = own.last != control.control.count
        || (model.protocol.announcements_carry_epoch && own.links[CONTROL].epoch != control.epoch);
    let missed = !own.connected || is_elsewhere(state, own) || (own.inbox.is_empty() && differs);
    if model.protocol.resync_on_gap && !own.suspect && missed {
        steps.push(Step::Suspect(OnNode { node }));
    }
}

/// Whether the connection leads to a server that has the control key no more.
fn is_elsewhere(state: &State, own: &Node) -> bool {
    own.answer.map_or(own.links[CONTROL].run, |answer| answer.run) != state.run(CONTROL)
}

pub(super) fn suspect(state: &mut State, node: usize) {
    let elsewhere = is_elsewhere(state, &state.nodes[node]);
    let own = &mut state.nodes[node];
    own.suspect = true;
    own.connected &= !elsewhere;
}

pub(super) fn deliver(model: &Coherence, state: &mut State, Message { node, index }: Message) {
    let announcement = state.nodes[usize::from(node)].inbox.remove(index.into());
    apply(model, state, node.into(), announcement);
}

pub(crate) fn apply(model: &Coherence, state: &mut State, node: usize, announcement: Announcement) {
    let rules = &model.protocol;
    let Announcement { sequence, clock, epoch, target, version, floor, node: whose } = announcement;
    let voided = rules.own_heard_already && usize::from(whose) == node && target != Target::Stamp;
    if rules.announcements_carry_epoch && epoch != state.nodes[node].clock_epoch() {
        state.nodes[node].suspect = true;
        return;
    }
    clock::observe(model, state, node, clock);
    if target == Target::Stamp {
        let stamp = &mut state.nodes[node].stamp;
        *stamp = if rules.stamp_grows { clock.max(*stamp) } else { clock };
    }
    for key in model.scenario.named(target).filter(|_| !voided) {
        generation::bump(model, state, node, key);
        invalidate_key::raise_floor(model, state, node, key, floor);
    }
    if matches!(rules.reissue, Reissue::SeenAndSent | Reissue::SeenAndAnswered) {
        reissue::note(model, state, node, target, version);
    }
    let own = &mut state.nodes[node];
    for key in model.scenario.keys().filter(|key| target.covers(*key) && !voided) {
        own.heard[key] = version.max(own.heard[key]);
    }
    if sequence == own.last + 1 {
        own.last = sequence;
    } else if sequence > own.last + 1 {
        if rules.resync_on_gap {
            own.suspect = true;
        } else {
            own.last = sequence;
        }
    }
}
