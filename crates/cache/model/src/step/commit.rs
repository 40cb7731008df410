//! Step 7, **commit**: stored only if the token is there and the same, and the version not below the floor; then L1, only if
//! neither the flight was detached nor the epoch changed, and the version is not below the node's own floor.
//!
//! In a Cluster the script carries the epoch of the key's bucket. That the clock's epoch is unchanged the node checks by what
//! it knows: a commit that slips past a change carries the old clock's epoch and is dead to whoever knows the new one. Or the
//! script runs in whatever epoch the bucket has by now, and the token is none there if it was granted in another.

use super::{Reading, Step, connect, read};
use crate::clock;
use crate::judge;
use crate::model::Coherence;
use crate::state::{CONTROL, Copied, ReaderStage as Stage, State, Value};

pub(super) fn offer(model: &Coherence, state: &State, reading: Reading, steps: &mut Vec<Step>) {
    let stage = state.readers[usize::from(reading.reader)].stage;
    if stage == Stage::Fetched || (stage == Stage::Loaded && model.protocol.lands_first) {
        steps.push(Step::Fill(reading));
    } else if may_commit(model, state, reading) {
        steps.push(Step::Commit(reading));
    } else {
        steps.push(Step::CommitRefused(reading));
    }
}

fn may_commit(model: &Coherence, state: &State, reading: Reading) -> bool {
    let rules = &model.protocol;
    let reader = &state.readers[usize::from(reading.reader)];
    let (node, home) = (usize::from(reading.node), model.scenario.home(reading.key.into()));
    let fenced = rules.fence && (home == CONTROL || rules.bucket_epochs);
    connect::reaches(model, state, node, home)
        && (!rules.fence || reader.clock_epoch == state.nodes[node].clock_epoch())
        && ((home != CONTROL && rules.commits_anew)
            || ((!(rules.hello_first && fenced) || reader.run == state.run(home))
                && (!fenced || reader.epoch == state.buckets[home].held.epoch)))
}

pub(super) fn commit(model: &Coherence, state: &mut State, reading: Reading) {
    let rules = &model.protocol;
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let home = model.scenario.home(key);
    if home == CONTROL {
        clock::lift(model, state, node);
    }
    let clock = state.control().control.clock;
    let held = &mut state.buckets[home].held;
    let (epoch, slot) = (held.epoch, &mut held.slots[key]);
    let reader = &mut state.readers[at];
    if !rules.born_before_load {
        reader.born = clock;
    }
    let clock_epoch = reader.clock_epoch;
    let epoch = if home != CONTROL && rules.commits_anew { epoch } else { reader.epoch };
    let value = Value { version: reader.version, born: reader.born, epoch, clock_epoch };
    let granted = !rules.tokens_fenced || slot.granted == (clock_epoch, epoch);
    let own = reader.token != 0 && slot.token == reader.token && granted;
    if (own || !rules.token_compared) && !(rules.floor && value.version < slot.floor) {
        slot.value = Some(value);
        if rules.floor && rules.stored_raises_floor {
            slot.floor = value.version.max(slot.floor);
        }
        judge_fill(model, state, reading, value);
    }
    refused(state, reading);
}

/// P3, of what lies in L2.
fn judge_fill(model: &Coherence, state: &mut State, reading: Reading, value: Value) {
    let key = usize::from(reading.key);
    let promised = state.control().control.announced[key].max(state.applied[key]);
    // A server that took over has the epoch of the one before it only until the first hello, and no script runs sooner.
    let (held, run) = (state.control(), state.run(CONTROL));
    let passing = model.protocol.hello_first && model.protocol.new_run_new_epoch && held.run != run;
    let epoch = if passing { 0 } else { held.epoch };
    let stamp = held.control.stamp;
    let alive = judge::in_l2_of_all(model, state, key, epoch, stamp) == Some(value);
    state.broken.fill |= alive && value.version < promised;
}

pub(super) fn refused(state: &mut State, reading: Reading) {
    let at = usize::from(reading.reader);
    let reader = &mut state.readers[at];
    if reader.stage == Stage::Landed {
        let version = reader.version;
        return read::answer(state, at, version);
    }
    reader.stage = Stage::Fetched;
    (reader.run, reader.epoch, reader.token) = (0, 0, 0);
}

pub(super) fn fill(model: &Coherence, state: &mut State, reading: Reading) {
    let rules = &model.protocol;
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let reader = state.readers[at].clone();
    let stamp = judge::reaching(model, state, key, state.nodes[node].stamp);
    let own = &mut state.nodes[node];
    let on_board = own.flights[key] == Some(reading.reader);
    let detached = (rules.generation_checked && reader.void) || (rules.newcomer_replaces && !on_board);
    let outlived = rules.fence && reader.clock_epoch != own.clock_epoch();
    let below = rules.floor && reader.version < own.floors[key];
    let dead = rules.stamps_judge_landing && reader.born < stamp;
    if on_board {
        own.flights[key] = None;
    }
    let kept = !(detached || outlived || below || dead);
    if kept {
        own.l1[key] = Some(Copied { version: reader.version, born: reader.born });
        let promised = own.own[key].max(own.heard[key]);
        state.broken.fill |= reader.version < promised && judge::in_l1(model, state, node, key).is_some();
    }
    for other in 0..state.readers.len() {
        if state.readers[other].joined != Some(reading.reader) {
            continue;
        }
        if dead {
            read::read_on(model, state, other);
        } else {
            read::answer(state, other, reader.version);
        }
    }
    if kept && reader.stage == Stage::Loaded {
        state.readers[at].stage = Stage::Landed;
    } else {
        read::answer(state, at, reader.version);
    }
}
