//! Step 5, **miss**: one script answers with the value, the stamps, the clock, which becomes `born`, and the floor. If the
//! value is dead or absent it installs a token, or adopts the one there. Who did not install it waits a while for the
//! value, then loads like the others.
//!
//! In a Cluster the control key lies on another shard, so clock and stamps are read first (`Clock`) and the script on the
//! key's slot comes after. It judges the value by the stamps it is sent, and by two epochs: its own shard's, and the one of
//! the clock that `born` was read from. The shard's own epoch alone is not enough. A control shard that loses its keys
//! loses stamps, and a value on another shard, whose epoch goes on, would rise from the dead. Who waits judges what he finds by
//! the stamps and the clock's epoch of his own miss, not by what his node knows by then, which may be a new clock's. The two
//! questions may also go out at once: the script then answers with any value of its shard's epoch, else with a token, and the
//! node judges the value when it has the clock. If it is dead, the script runs again with what makes it dead.
//!
//! A node that cannot reach Redis, or has invalidations queued, goes by L2. It has no clock to read: the newest announcement
//! it has applied is the time its load was born.

use super::{Reading, Step, connect, queue};
use crate::judge;
use crate::model::Coherence;
use crate::scenario::Layout;
use crate::state::{CONTROL, ReaderStage as Stage, State, Value};

pub(super) fn offer(model: &Coherence, state: &State, reading: Reading, steps: &mut Vec<Step>) {
    let reader = &state.readers[usize::from(reading.reader)];
    let readable = may_read_l2(model, state, reading);
    match reader.stage {
        Stage::Missed => {
            if readable && reader.adopted && value_for(model, state, reading).is_some() {
                steps.push(Step::Poll(reading));
            }
        }
        _ if !readable => steps.push(Step::Bypass(reading)),
        Stage::Answered => steps.push(Step::Clock(reading)),
        Stage::Leading if model.scenario.layout == Layout::Cluster => {
            steps.push(Step::Clock(reading));
            if model.protocol.asks_at_once {
                steps.push(Step::Miss(reading));
            }
        }
        _ => steps.push(Step::Miss(reading)),
    }
}

fn may_read_l2(model: &Coherence, state: &State, reading: Reading) -> bool {
    let node = usize::from(reading.node);
    connect::reaches(model, state, node, CONTROL)
        && connect::reaches(model, state, node, model.scenario.home(reading.key.into()))
        && !queue::blocks_l2(model, state, reading.node)
}

/// Asks the control key, of a Cluster, for the clock and the stamps.
pub(super) fn clock(state: &mut State, reading: Reading) {
    let node = &state.nodes[usize::from(reading.node)];
    let control = state.control();
    let (epoch, clock, stamp) = (control.epoch, control.control.clock, control.control.stamp);
    let newest = stamp.max(node.stamp);
    let reader = &mut state.readers[usize::from(reading.reader)];
    if reader.stage == Stage::Answered && reader.version != 0 {
        if reader.clock_epoch == epoch && reader.born >= newest {
            reader.stage = Stage::Fetched;
            return;
        }
        // Dead after all: the slot is asked again, with what makes it dead.
        reader.version = 0;
    }
    (reader.clock_epoch, reader.born, reader.stamp) = (epoch, clock, stamp);
    reader.stage = if reader.token != 0 { Stage::Missed } else { Stage::Asked };
}

fn value_for(model: &Coherence, state: &State, reading: Reading) -> Option<Value> {
    let (node, key) = (reading.node.into(), reading.key.into());
    let (epoch, stamp) = match model.scenario.layout {
        Layout::Single => (state.control().epoch, state.control().control.stamp),
        Layout::Cluster => {
            let reader = &state.readers[usize::from(reading.reader)];
            (reader.clock_epoch, reader.stamp)
        }
    };
    judge::in_l2(model, state, node, key, epoch, stamp)
}

pub(super) fn miss(model: &Coherence, state: &mut State, reading: Reading) {
    if model.scenario.layout == Layout::Single {
        clock(state, reading);
        state.readers[usize::from(reading.reader)].stamp = 0;
    }
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let found = value_for(model, state, reading);
    let fresh = state.fresh_token();
    let shard = &mut state.shards[model.scenario.home(key)];
    let slot = &mut shard.held.slots[key];
    let reader = &mut state.readers[at];
    (reader.run, reader.epoch) = (shard.run, shard.held.epoch);
    if reader.stage == Stage::Leading && model.scenario.layout == Layout::Cluster {
        reader.stage = Stage::Answered;
        if let Some(value) = slot.value.filter(|value| value.epoch == shard.held.epoch) {
            (reader.version, reader.born, reader.clock_epoch) =
                (value.version, value.born, value.clock_epoch);
            (reader.run, reader.epoch) = (0, 0);
            return;
        }
    } else if let Some(value) = found {
        return fetched(state, at, value);
    } else {
        reader.stage = Stage::Missed;
    }
    reader.adopted = slot.token != 0;
    if slot.token == 0 {
        slot.token = fresh;
    }
    reader.token = slot.token;
    if model.protocol.floor {
        reader.least = slot.floor.max(state.nodes[node].floors[key]);
    }
}

pub(super) fn poll(model: &Coherence, state: &mut State, reading: Reading) {
    if let Some(value) = value_for(model, state, reading) {
        fetched(state, reading.reader.into(), value);
    }
}

fn fetched(state: &mut State, at: usize, value: Value) {
    let reader = &mut state.readers[at];
    (reader.version, reader.born) = (value.version, value.born);
    (reader.run, reader.epoch, reader.token) = (0, 0, 0);
    (reader.adopted, reader.least, reader.stamp) = (false, 0, 0);
    reader.stage = Stage::Fetched;
}

pub(super) fn bypass(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let own = &state.nodes[node];
    let reader = &mut state.readers[at];
    reader.stage = Stage::Bypassing;
    (reader.version, reader.token, reader.adopted) = (0, 0, false);
    (reader.run, reader.epoch) = (0, 0);
    (reader.born, reader.clock_epoch, reader.stamp) = (own.last, own.clock_epoch(), 0);
    reader.least = if model.protocol.floor { own.floors[key] } else { 0 };
    connect::refused(model, state, node);
}
