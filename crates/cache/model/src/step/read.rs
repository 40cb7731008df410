//! Step 4, **read**: L1 unless the node is suspect and if no stamp is newer; else a seat in the flight for the key, only
//! if *its* `born` is not older than the stamps known at joining; else the lead of a flight.

use super::{Reading, Step, commit, load, miss};
use crate::clock::Clocks;
use crate::judge;
use crate::model::Coherence;
use crate::state::{Node, Reader, ReaderStage as Stage, State, Version};

pub(super) fn offer(model: &Coherence, state: &State, reading: Reading, starts: bool, steps: &mut Vec<Step>) {
    let at = usize::from(reading.reader);
    match state.readers[at].stage {
        // Readers alike begin in their order: the other orders are the same by another name.
        Stage::Idle => {
            let earlier = state.readers[..at].iter().zip(&model.scenario.readers);
            let alike = earlier.filter(|(_, reads)| **reads == model.scenario.readers[at]);
            if starts && alike.clone().all(|(reader, _)| reader.stage != Stage::Idle) {
                steps.push(Step::Read(reading));
            }
        }
        Stage::Leading | Stage::Asked | Stage::Answered | Stage::Missed => {
            miss::offer(model, state, reading, steps);
            load::offer(model, state, reading, steps);
        }
        Stage::Bypassing => load::offer(model, state, reading, steps),
        Stage::Loaded | Stage::Landed | Stage::Fetched => commit::offer(model, state, reading, steps),
        Stage::Joined | Stage::Done | Stage::Dead => {}
    }
}

pub(super) fn read(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let reader = &mut state.readers[at];
    (reader.own, reader.heard) = (state.nodes[node].own[key], state.nodes[node].heard[key]);
    if let Some(copied) = judge::in_l1(model, state, node, key) {
        return answer(state, at, copied.version);
    }
    board(model, state, reading);
}

fn board(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let own = &state.nodes[node];
    let joinable = own.flights[key].filter(|leader| {
        let leader = &state.readers[usize::from(*leader)];
        may_join(model, own, leader, judge::reaching(model, state, key, own.stamp))
    });
    let reader = &mut state.readers[at];
    match joinable {
        Some(leader) => {
            reader.stage = Stage::Joined;
            reader.joined = Some(leader);
        }
        None => {
            reader.stage = Stage::Leading;
            (reader.departed, reader.looked) = (own.clock, own.clock);
            state.nodes[node].flights[key] = Some(at as u8);
        }
    }
}

fn may_join(model: &Coherence, own: &Node, leader: &Reader, stamp: u8) -> bool {
    let rules = &model.protocol;
    let old = match rules.clocks {
        Clocks::Dense => leader.stage != Stage::Leading && leader.born < stamp,
        _ => leader.departed < stamp,
    };
    !((rules.joiner_checks && old) || (rules.suspects_fly_alone && own.suspect))
}

/// Who waited for a flight that a stamp has made dead reads on.
pub(super) fn read_on(model: &Coherence, state: &mut State, at: usize) {
    let reads = model.scenario.readers[at];
    let reading = Reading { node: reads.node, reader: at as u8, key: reads.key };
    state.readers[at].joined = None;
    board(model, state, reading);
    if state.readers[at].stage == Stage::Leading
        && let Some(copied) = judge::in_l1(model, state, reads.node.into(), reads.key.into())
    {
        state.nodes[usize::from(reads.node)].flights[usize::from(reads.key)] = None;
        answer(state, at, copied.version);
    }
}

/// The read ends; P1 and P2 are what it must have seen.
pub(super) fn answer(state: &mut State, at: usize, version: Version) {
    let reader = &state.readers[at];
    state.broken.own |= version < reader.own;
    state.broken.peer |= version < reader.heard;
    state.readers[at] = Reader { stage: Stage::Done, ..Reader::default() };
}
