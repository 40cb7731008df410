//! What is promised.

use stateright::Property;

use crate::clock;
use crate::judge;
use crate::model::Coherence;
use crate::state::{InvalidationStage, Reader, ReaderStage, State};
use crate::step;

/// P1: a read sees what its own node had invalidated before it began.
pub const OWN: &str = "P1";
/// P2: a read sees what its node had heard of, or resynchronised to, before it began.
pub const PEER: &str = "P2";
/// P3: no fill begun before an invalidation is stored after it.
pub const FILL: &str = "P3";
/// Q: once all is at rest, nothing stale is left.
pub const REST: &str = "Q";
/// P5: nothing comes to rest with somebody blocked.
pub const LIVE: &str = "P5";
/// P5b: a tag stays cacheable: no stamp lies ahead of the clock that a miss is given.
pub const CACHEABLE: &str = "P5b";
/// Not a promise but a check of the model: a write can be seen through to the new value in L1 and L2.
pub const SANE: &str = "sane";

/// The promises.
pub const PROMISES: [&str; 6] = [OWN, PEER, FILL, REST, LIVE, CACHEABLE];

pub(crate) fn all() -> Vec<Property<Coherence>> {
    vec![
        Property::always(OWN, |_, state: &State| !state.broken.own),
        Property::always(PEER, |_, state: &State| !state.broken.peer),
        Property::always(FILL, |_, state: &State| !state.broken.fill),
        Property::always(REST, |model, state| !at_rest(model, state) || !stale(model, state)),
        Property::always(LIVE, |model, state| !at_rest(model, state) || finished(state)),
        Property::always(CACHEABLE, |model, state| !at_rest(model, state) || cacheable(model, state)),
        Property::sometimes(SANE, seen_through),
    ]
}

/// Nothing is under way, and nothing more happens by itself.
pub fn at_rest(model: &Coherence, state: &State) -> bool {
    use InvalidationStage::{Bumped, Committed, Half, Told};
    if state.broken.own
        || state.broken.peer
        || state.nodes.iter().any(|node| !node.inbox.is_empty())
        || state.readers.iter().any(Reader::in_flight)
        || state.invalidations.iter().any(|one| matches!(one.stage, Committed | Bumped | Half | Told))
    {
        return false;
    }
    let mut steps = Vec::new();
    step::offer(model, state, false, &mut steps);
    steps.is_empty()
}

fn stale(model: &Coherence, state: &State) -> bool {
    let control = state.control();
    model.scenario.keys().any(|key| {
        let promised = promised(model, state, key);
        (0..state.nodes.len()).any(|node| {
            let l1 = judge::in_l1(model, state, node, key).map(|copied| copied.version);
            let l2 = judge::in_l2(model, state, node, key, control.epoch, control.control.stamp);
            l1.into_iter().chain(l2.map(|value| value.version)).any(|version| version < promised)
        })
    })
}

/// The version below which nothing may be left.
fn promised(model: &Coherence, state: &State, key: usize) -> u8 {
    if model.scenario.every_commit_counts {
        return state.database.primary[key];
    }
    let queued = state.invalidations.iter().enumerate().filter(|(at, one)| {
        let writes = model.scenario.writers[at % model.scenario.writers.len()];
        one.stage == InvalidationStage::Queued && writes.target.covers(key)
    });
    let queued = queued.map(|(_, one)| one.version).max().unwrap_or(0);
    queued.max(state.applied[key]).max(state.control().control.announced[key])
}

fn finished(state: &State) -> bool {
    use {InvalidationStage as Writing, ReaderStage as Reading};
    state.readers.iter().all(|reader| matches!(reader.stage, Reading::Idle | Reading::Done | Reading::Dead))
        && state
            .invalidations
            .iter()
            .all(|one| matches!(one.stage, Writing::Idle | Writing::Applied | Writing::Dead))
        && state.nodes.iter().all(|node| !node.suspect)
}

/// Redis' stamp is not ahead of its clock, and a node's not of the clock that its next miss is given, which lifts Redis' first.
fn cacheable(model: &Coherence, state: &State) -> bool {
    let control = &state.control().control;
    control.stamp <= control.clock
        && (0..state.nodes.len()).all(|node| {
            let mut lifted = state.clone();
            clock::lift(model, &mut lifted, node);
            state.nodes[node].stamp <= lifted.control().control.clock
        })
}

fn seen_through(model: &Coherence, state: &State) -> bool {
    model.scenario.keys().any(|key| {
        let newest = state.database.primary[key];
        let slot = state.buckets[model.scenario.home(key)].held.slots[key];
        newest > 1
            && slot.value.is_some_and(|value| value.version == newest)
            && state.nodes.iter().any(|node| node.l1[key].is_some_and(|copied| copied.version == newest))
    }) && state.invalidations.iter().all(|one| one.stage == InvalidationStage::Applied)
        && state.readers.iter().all(|reader| reader.stage == ReaderStage::Done)
}
