//! Step 4, **read**: L1 unless the node is suspect and if no stamp is newer; else a seat in the flight for the key, only
//! if *its* `born` is not older than the stamps known at joining; else the lead of a flight.

use super::{Reading, Step, commit, load, miss};
use crate::judge;
use crate::model::Coherence;
use crate::state::{Reader, ReaderStage as Stage, State, Version};

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
    let joinable = state.nodes[node].flights[key].filter(|leader| {
        let leader = &state.readers[usize::from(*leader)];
        !model.protocol.joiner_checks
            || leader.stage == Stage::Leading
            || leader.born >= state.nodes[node].stamp
    });
    match joinable {
        Some(leader) => {
            state.readers[at].stage = Stage::Joined;
            state.readers[at].joined = Some(leader);
        }
        None => {
            state.readers[at].stage = Stage::Leading;
            state.nodes[node].flights[key] = Some(at as u8);
        }
    }
}

/// The read ends; P1 and P2 are what it must have seen.
pub(super) fn answer(state: &mut State, at: usize, version: Version) {
    let reader = &state.readers[at];
    state.broken.own |= version < reader.own;
    state.broken.peer |= version < reader.heard;
    state.readers[at] = Reader { stage: Stage::Done, ..Reader::default() };
}
