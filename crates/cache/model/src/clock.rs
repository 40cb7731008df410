//! The clock of the namespace, by which `born` and stamps are read: what moves it, and who learns of it.

use crate::model::Coherence;
use crate::state::{CONTROL, Clock, State};

/// What the clock is.
///
/// One number, for clock and count both, is as good as two where only Redis moves it. Both move in the same scripts and
/// nowhere else, so within an epoch one is a strictly growing function of the other and every comparison comes out the same.
/// Over epochs nothing is compared that an epoch does not fence, and the one number starts again from nothing when Redis
/// does, which is the harder case: a rule that leant on a clock over epochs would break here first.
///
/// The cache has a hybrid logical clock beside the count: a node that invalidates stamps by its own, before Redis is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// One number, which only Redis moves.
    Dense,
    /// A hybrid logical clock, and all wall clocks agree: a tick is later than every other before it.
    Agreeing,
    /// A hybrid logical clock, and the wall clocks stand still: a tick is one more than what its node has seen.
    Still,
}

impl Clocks {
    fn is_hybrid(self) -> bool {
        self != Self::Dense
    }
}

/// A node's own clock ticks: it invalidates.
pub(crate) fn tick(model: &Coherence, state: &mut State, node: usize) -> Clock {
    if model.protocol.clocks.is_hybrid() {
        let wall = wall(model, state);
        let clock = &mut state.nodes[node].clock;
        *clock = wall.max(*clock + 1);
    }
    state.nodes[node].clock
}

/// A node that begins: its clock is not behind the wall's.
pub(crate) fn begin(model: &Coherence, state: &mut State, node: usize) {
    state.nodes[node].clock = wall(model, state);
}

/// A node hears of a reading.
pub(crate) fn observe(model: &Coherence, state: &mut State, node: usize, seen: Clock) {
    if model.protocol.clocks.is_hybrid() {
        let clock = &mut state.nodes[node].clock;
        *clock = seen.max(*clock);
    }
}

/// The shared clock is not behind whoever sends a script.
pub(crate) fn lift(model: &Coherence, state: &mut State, node: usize) {
    if model.protocol.clocks.is_hybrid() {
        let seen = state.nodes[node].clock;
        let clock = &mut state.buckets[CONTROL].held.control.clock;
        *clock = seen.max(*clock);
    }
}

/// The shared clock ticks, and so does the count.
pub(crate) fn advance(model: &Coherence, state: &mut State, node: usize) {
    lift(model, state, node);
    let wall = wall(model, state);
    let control = &mut state.buckets[CONTROL].held.control;
    if model.protocol.clocks.is_hybrid() {
        control.clock = wall.max(control.clock + 1);
        control.count += 1;
    } else if model.protocol.clock_advances {
        control.clock += 1;
        control.count = control.clock;
    }
}

/// A new epoch begins: the count at nothing, the clock not behind anything that is known.
pub(crate) fn renew(model: &Coherence, state: &mut State) {
    if model.protocol.clocks.is_hybrid() {
        let wall = wall(model, state);
        let control = &mut state.buckets[CONTROL].held.control;
        control.clock = wall.max(control.clock);
        control.count = 0;
    }
}

fn wall(model: &Coherence, state: &mut State) -> Clock {
    if model.protocol.clocks == Clocks::Agreeing { state.newest_clock() + 1 } else { 0 }
}
