//! Step 6, **load**, with the floor as the least version: a replica that lags behind it is not asked.

use super::{Reading, Step, miss};
use crate::model::Coherence;
use crate::state::{ReaderStage as Stage, State, Version};

pub(super) fn offer(_: &Coherence, state: &State, reading: Reading, steps: &mut Vec<Step>) {
    let reader = &state.readers[usize::from(reading.reader)];
    if !matches!(reader.stage, Stage::Missed | Stage::Bypassing) {
        return;
    }
    steps.push(Step::Load(reading));
    let key = usize::from(reading.key);
    let (primary, replica) = (state.database.primary[key], state.database.replica[key]);
    if replica < primary && replica >= reader.least {
        steps.push(Step::LoadReplica(reading));
    }
}

pub(super) fn load(model: &Coherence, state: &mut State, reading: Reading) {
    loaded(model, state, reading, state.database.primary[usize::from(reading.key)]);
}

pub(super) fn load_replica(model: &Coherence, state: &mut State, reading: Reading) {
    loaded(model, state, reading, state.database.replica[usize::from(reading.key)]);
}

fn loaded(model: &Coherence, state: &mut State, reading: Reading, version: Version) {
    let reader = &mut state.readers[usize::from(reading.reader)];
    reader.version = version;
    reader.stage = if reader.stage == Stage::Missed { Stage::Loaded } else { Stage::Fetched };
    miss::rejuvenate(model, reader);
    (reader.least, reader.adopted, reader.stamp) = (0, false, 0);
    (reader.looked, reader.claims, reader.dead) = (0, false, None);
}
