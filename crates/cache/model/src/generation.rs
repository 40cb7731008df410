//! Voiding on a node: what the product does under a stripe's lock.

use crate::model::Coherence;
use crate::protocol::Voids;
use crate::state::State;

/// Takes the key out of L1 and voids what is under way for it.
pub fn bump(model: &Coherence, state: &mut State, node: usize, key: usize) {
    void(model, state, node, |own| own == key || model.protocol.voids == Voids::Stripe);
    state.nodes[node].l1[key] = None;
}

/// Empties L1 and voids everything under way.
pub fn bump_all(model: &Coherence, state: &mut State, node: usize) {
    void_flights(model, state, node);
    state.nodes[node].l1 = Default::default();
}

/// Voids everything under way.
pub fn void_flights(model: &Coherence, state: &mut State, node: usize) {
    void(model, state, node, |_| true);
}

fn void(model: &Coherence, state: &mut State, node: usize, meant: impl Fn(usize) -> bool) {
    for (reads, reader) in model.scenario.readers.iter().zip(&mut state.readers) {
        if usize::from(reads.node) == node && meant(reads.key.into()) && reader.in_flight() {
            reader.void = true;
        }
    }
    if model.protocol.bump_detaches {
        for (key, flight) in state.nodes[node].flights.iter_mut().enumerate() {
            if meant(key) {
                *flight = None;
            }
        }
    }
}
