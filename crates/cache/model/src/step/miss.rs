//! Step 5, **miss**: one script answers with the value, the stamps, the clock, which becomes `born`, and the floor. If the
//! value is dead or absent it installs a token, or adopts the one there. Who did not install it waits a while for the
//! value, then loads like the others.
//!
//! A *look* may come first (`Look`), which installs nothing: a value that is alive ends the matter. Else the script runs (then
//! it is the *claim*), and gives what is there only if it is another than the one that was found dead; the node judges that,
//! and if it is dead as well it loads without a claim.
//!
//! In a Cluster the control key lies elsewhere, so clock and stamps are a question of their own (`Clock`). The script on the
//! key's slot judges a value by two epochs: its own bucket's, and the one of the clock that `born` was read from. The
//! bucket's own epoch alone is not enough. A control key that is lost loses stamps, and a value in another bucket, whose
//! epoch goes on, would rise from the dead. Who waits judges what he finds by the stamps and the clock's epoch of his own
//! miss, not by what his node knows by then, which may be a new clock's. The two questions may also go out at once: the script
//! then answers with any value of its bucket's epoch, else with a token, and the node judges the value when it has the clock.
//! If it is dead, the script runs again with what makes it dead.
//!
//! A node that cannot reach Redis, or has invalidations queued, goes by L2. It has no clock to read: the newest announcement
//! it has applied is the time its load was born, or what its own clock was when it began, or when it looked.

use super::{Reading, Step, connect, queue};
use crate::clock::{self, Clocks};
use crate::judge;
use crate::model::Coherence;
use crate::scenario::Layout;
use crate::state::{CONTROL, Reader, ReaderStage as Stage, State, Value};

pub(super) fn offer(model: &Coherence, state: &State, reading: Reading, steps: &mut Vec<Step>) {
    let rules = &model.protocol;
    let reader = &state.readers[usize::from(reading.reader)];
    let asks_slot = if is_look(model, reader) { Step::Look(reading) } else { Step::Miss(reading) };
    let begins = may_begin(model, state, reading);
    match reader.stage {
        Stage::Missed if rules.looks_first => {
            if reader.adopted {
                steps.push(Step::Poll(reading));
            }
        }
        Stage::Missed => {
            if begins && reader.adopted && value_for(model, state, reading).is_some() {
                steps.push(Step::Poll(reading));
            }
        }
        Stage::Answered if goes_on(model, state, reading, begins) => steps.push(Step::Clock(reading)),
        Stage::Asked if goes_on(model, state, reading, begins) => steps.push(asks_slot),
        Stage::Leading if begins && model.scenario.layout == Layout::Cluster => {
            steps.push(Step::Clock(reading));
            if rules.asks_at_once {
                steps.push(asks_slot);
            }
        }
        Stage::Leading if begins => steps.push(asks_slot),
        _ => steps.push(Step::Bypass(reading)),
    }
}

fn is_look(model: &Coherence, reader: &Reader) -> bool {
    model.protocol.looks_first && !reader.claims
}

fn may_begin(model: &Coherence, state: &State, reading: Reading) -> bool {
    let node = usize::from(reading.node);
    connect::reaches(model, state, node, CONTROL)
        && connect::reaches(model, state, node, model.scenario.home(reading.key.into()))
        && !queue::blocks_l2(model, state, reading.node)
}

/// Whether the second of the two questions finds an answer. Asked at once, both are of the epoch in which they began, and
/// nothing but its own way hinders either.
fn goes_on(model: &Coherence, state: &State, reading: Reading, begins: bool) -> bool {
    let reader = &state.readers[usize::from(reading.reader)];
    let node = usize::from(reading.node);
    match reader.stage {
        _ if !model.protocol.looks_first => begins,
        Stage::Answered => {
            connect::reaches(model, state, node, CONTROL) && reader.clock_epoch == state.control().epoch
        }
        _ => connect::reaches(model, state, node, model.scenario.home(reading.key.into())),
    }
}

/// Asks the control key for the clock and the stamps: in a Cluster by itself, else as part of the script.
pub(super) fn clock(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at) = (usize::from(reading.node), usize::from(reading.reader));
    if !is_look(model, &state.readers[at]) {
        clock::lift(model, state, node);
    }
    let control = state.control();
    let (epoch, clock, stamp) = (control.epoch, control.control.clock, control.control.stamp);
    clock::observe(model, state, node, clock);
    if model.protocol.miss_teaches {
        let own = &mut state.nodes[node];
        own.stamp = stamp.max(own.stamp);
    }
    let reader = &mut state.readers[at];
    (reader.clock_epoch, reader.born, reader.stamp) = (epoch, clock, stamp);
    if model.scenario.layout == Layout::Cluster {
        if reader.stage == Stage::Answered {
            conclude(model, state, reading);
        } else {
            reader.stage = Stage::Asked;
        }
    }
}

/// Reads the key's slot, and leaves it as it is.
pub(super) fn look(model: &Coherence, state: &mut State, reading: Reading) {
    let key = usize::from(reading.key);
    let held = &state.buckets[model.scenario.home(key)].held;
    let (found, epoch) = (held.slots[key].value, held.epoch);
    answered(model, state, reading, |reader| {
        reader.found = found;
        reader.epoch = epoch;
    });
}

/// Reads the key's slot, and installs or adopts a token if there is nothing worth having.
pub(super) fn miss(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let rules = &model.protocol;
    let single = model.scenario.layout == Layout::Single;
    if single {
        clock(model, state, reading);
    }
    let reader = &state.readers[at];
    let asked = reader.stage == Stage::Asked;
    let namespace = if asked { reader.clock_epoch } else { state.nodes[node].clock_epoch() };
    let there = || state.buckets[model.scenario.home(key)].held.slots[key].value;
    let found = if rules.looks_first {
        there().filter(|value| {
            judge::of_epochs(model, state, key, *value, namespace) && Some(value.born) != reader.dead
        })
    } else if single || asked {
        value_for(model, state, reading)
    } else {
        let epoch = state.buckets[model.scenario.home(key)].held.epoch;
        there().filter(|value| value.epoch == epoch || !rules.bucket_epochs)
    };
    let (fresh, run) = (state.fresh_token(), state.run(model.scenario.home(key)));
    let held = &mut state.buckets[model.scenario.home(key)].held;
    let (epoch, slot) = (held.epoch, &mut held.slots[key]);
    let reader = &mut state.readers[at];
    let mut least = 0;
    if found.is_none() {
        let granted = (namespace, epoch);
        let fenced = rules.tokens_fenced && rules.adopts_in_epoch;
        reader.adopted = slot.token != 0 && (!fenced || slot.granted == granted);
        if !reader.adopted {
            slot.token = fresh;
        }
        if rules.tokens_fenced {
            slot.granted = granted;
        }
        reader.token = slot.token;
        if rules.floor {
            least = slot.floor.max(state.nodes[node].floors[key]);
        }
    }
    answered(model, state, reading, |reader| {
        reader.found = found;
        reader.least = least;
        (reader.run, reader.epoch) = (run, epoch);
    });
}

/// The slot's answer is here; the clock's may be.
fn answered(model: &Coherence, state: &mut State, reading: Reading, note: impl FnOnce(&mut Reader)) {
    let (node, at) = (usize::from(reading.node), usize::from(reading.reader));
    if model.scenario.layout == Layout::Single && is_look(model, &state.readers[at]) {
        clock(model, state, reading);
    }
    let namespace = state.nodes[node].clock_epoch();
    let reader = &mut state.readers[at];
    note(reader);
    if let Some(value) = reader.found {
        clock::observe(model, state, node, value.born);
    }
    let reader = &mut state.readers[at];
    if model.scenario.layout == Layout::Single || reader.stage == Stage::Asked {
        conclude(model, state, reading);
    } else {
        reader.stage = Stage::Answered;
        reader.clock_epoch = namespace;
    }
}

/// Both the slot's answer and the clock are here.
fn conclude(model: &Coherence, state: &mut State, reading: Reading) {
    let at = usize::from(reading.reader);
    let reader = &state.readers[at];
    let Some(value) = reader.found else {
        let reader = &mut state.readers[at];
        if reader.token == 0 {
            return claim(reader, None);
        }
        reader.stage = Stage::Missed;
        if model.scenario.layout == Layout::Single || model.protocol.looks_first {
            reader.stamp = 0;
        }
        return;
    };
    if is_alive(model, state, reading, value) {
        return fetched(model, state, at, value);
    }
    let floors = state.nodes[usize::from(reading.node)].floors;
    let reader = &mut state.readers[at];
    (reader.found, reader.run, reader.epoch) = (None, 0, 0);
    if !model.protocol.looks_first {
        // Dead after all: the slot is asked again, with what makes it dead.
        reader.stage = Stage::Asked;
    } else if reader.claims {
        let clock = reader.born;
        without_claim(model, reader, clock);
        reader.least = if model.protocol.floor { floors[usize::from(reading.key)] } else { 0 };
    } else {
        claim(reader, Some(value.born));
    }
}

/// Nothing alive was seen: the right to load is claimed next.
fn claim(reader: &mut Reader, dead: Option<u8>) {
    (reader.stage, reader.claims, reader.dead) = (Stage::Leading, true, dead);
    reader.looked = reader.born;
    (reader.run, reader.epoch, reader.clock_epoch, reader.born, reader.stamp) = Default::default();
}

/// By the clock's epoch and the stamps that the reader asked for, and by what his node knows.
fn is_alive(model: &Coherence, state: &State, reading: Reading, value: Value) -> bool {
    let (node, key) = (usize::from(reading.node), usize::from(reading.key));
    let reader = &state.readers[usize::from(reading.reader)];
    let rules = &model.protocol;
    let home = model.scenario.home(key);
    let own = &state.nodes[node];
    let of_bucket = !rules.epoch_judges_values
        || (home != CONTROL && !rules.bucket_epochs)
        || value.epoch == reader.epoch;
    let of_clock = !(rules.epoch_judges_values && rules.clock_epoch_judges_values)
        || (value.clock_epoch == reader.clock_epoch
            && (!rules.looks_first || value.clock_epoch == own.clock_epoch()));
    of_bucket
        && of_clock
        && value.born >= judge::reaching(model, state, key, reader.stamp.max(own.stamp))
        && judge::admitted(model, state, node, key, value)
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

pub(super) fn poll(model: &Coherence, state: &mut State, reading: Reading) {
    let at = usize::from(reading.reader);
    if model.protocol.looks_first {
        let reader = &mut state.readers[at];
        (reader.stage, reader.token, reader.adopted, reader.least) = (Stage::Leading, 0, false, 0);
        (reader.run, reader.epoch, reader.clock_epoch, reader.born, reader.stamp) = Default::default();
    } else if let Some(value) = value_for(model, state, reading) {
        fetched(model, state, at, value);
    }
}

fn fetched(model: &Coherence, state: &mut State, at: usize, value: Value) {
    let reader = &mut state.readers[at];
    rejuvenate(model, reader);
    (reader.version, reader.born) = (value.version, value.born);
    (reader.run, reader.epoch, reader.token) = (0, 0, 0);
    (reader.adopted, reader.least, reader.stamp) = (false, 0, 0);
    (reader.looked, reader.claims, reader.dead, reader.found) = (0, false, None, None);
    reader.stage = Stage::Fetched;
}

/// Who joins from now on knows how young the load really is, where nodes have clocks of their own.
pub(super) fn rejuvenate(model: &Coherence, reader: &mut Reader) {
    if model.protocol.clocks != Clocks::Dense {
        reader.departed = reader.born.max(reader.departed);
    }
}

/// The load will be born at `clock`, and be committed nowhere.
fn without_claim(model: &Coherence, reader: &mut Reader, clock: u8) {
    reader.stage = Stage::Bypassing;
    reader.born = clock;
    rejuvenate(model, reader);
    (reader.version, reader.token, reader.adopted) = (0, 0, false);
    (reader.run, reader.epoch, reader.stamp, reader.found) = (0, 0, 0, None);
    (reader.looked, reader.claims, reader.dead) = (0, false, None);
}

pub(super) fn bypass(model: &Coherence, state: &mut State, reading: Reading) {
    let (node, at, key) = (usize::from(reading.node), usize::from(reading.reader), usize::from(reading.key));
    let own = &state.nodes[node];
    let reader = &mut state.readers[at];
    let clock = if model.protocol.clocks == Clocks::Dense { own.last } else { reader.looked };
    without_claim(model, reader, clock);
    reader.clock_epoch = own.clock_epoch();
    reader.least = if model.protocol.floor { own.floors[key] } else { 0 };
    connect::refused(model, state, node);
}
