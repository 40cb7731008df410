//! The protocol that keeps the cache's layers coherent, as a model whose every interleaving can be explored.
//!
//! [`Protocol::v3`] is the protocol, rule by rule; a [`Scenario`] says who reads and writes what and which faults may happen
//! meanwhile; a [`Coherence`] puts the two together and is a [`stateright::Model`]. The [`catalogue`] lists the scenarios in
//! which all promises hold, those in which they are not promised, and the mutations: protocols with a rule left out, each
//! with the promise it breaks. A [`Trace`] is one way through the model, to be replayed against the cache itself.
//!
//! ```
//! use mainstay_cache_model::{Coherence, catalogue, explore};
//!
//! let case = catalogue::holding().into_iter().find(|case| case.scenario.name == "key: loss").expect("it is listed");
//! let found = explore(Coherence { protocol: case.protocol, scenario: case.scenario }, None);
//! assert!(found.whole && found.broken.is_empty());
//! ```

#![allow(clippy::cast_possible_truncation, reason = "nothing here is counted beyond a dozen")]

pub mod catalogue;
mod clock;
mod explore;
mod fault;
mod generation;
pub mod judge;
mod model;
pub mod properties;
mod protocol;
mod scenario;
pub mod state;
mod step;
mod trace;

pub use clock::Clocks;
pub use explore::{Broken, Explored, explore, find};
pub use fault::{AtBucket, AtServer, Fault, Line, OfKey, Strike};
pub use model::Coherence;
pub use protocol::{Protocol, Reissue, Voids};
pub use scenario::{Layout, Reads, Scenario, Writes};
pub use step::{Message, OnNode, Place, Reading, Step, Writing};
pub use trace::{Illegal, Trace};
