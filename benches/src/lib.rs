#![forbid(unsafe_code)]
//! mainstay beside its peers.
