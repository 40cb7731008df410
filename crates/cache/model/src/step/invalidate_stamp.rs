//! Step 9, **invalidate a tag or pattern**: the clock moves, the stamp becomes the clock and never less, and it is announced.
//! The node learns the stamp from the answer. No value is touched: those born before the stamp are dead wherever they lie.
//!
//! Where nodes have clocks of their own, the node has stamped by its own before (`Bump`), so that what it has is dead at once.

use super::{Step, Writing, connect, invalidate_key};
use crate::model::Coherence;
use crate::state::{CONTROL, InvalidationStage as Stage, State};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, steps: &mut Vec<Step>) {
    let reached = connect::reaches(model, state, writing.node.into(), CONTROL);
    steps.push(if reached { Step::InvalidateStamp(writing) } else { Step::Unreachable(writing) });
}

pub(super) fn invalidate_stamp(model: &Coherence, state: &mut State, writing: Writing) {
    invalidate_key::tell(model, state, writing);
    state.invalidations[writing.index(model)].stage = Stage::Told;
}
