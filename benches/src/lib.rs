#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! mainstay beside its peers: every ratio comes from one run, contenders taking turns.

pub mod areas;
pub mod contest;
pub mod footprint;
pub mod report;
mod work;
