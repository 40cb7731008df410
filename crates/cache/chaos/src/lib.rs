#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! What the coherence of mainstay-cache is worth when Redis and the network fail: several nodes, one source of truth, one
//! Redis, a group under Sentinel or a Cluster, faults drawn by seed, and a judge of every read.
//!
//! The promise that is judged stands in `docs/coherence.md`. [`run`] breaks things for as long as a [`Plan`] says and
//! answers a [`Report`]; a [`Mutant`] is a cache that breaks the promise, and shows that the judge bites.

mod driver;
mod fact;
mod fault;
mod hit;
mod judge;
mod ledger;
mod node;
mod plan;
mod report;
mod reshard;
mod run;
mod servers;
mod source;
mod succession;
mod summary;
mod tally;
mod ways;
mod worker;

pub mod cold;
pub mod million;
pub mod outage;

pub use fault::Fault;
pub use judge::{Violation, Wrong};
pub use plan::{Mutant, Plan};
pub use report::Report;
pub use run::run;
pub use servers::Kind;
pub use summary::Summary;
pub use tally::Tally;
