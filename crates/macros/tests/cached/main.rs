#![allow(missing_docs, clippy::unwrap_used)]
//! Functions under `#[cacheable]`.

mod answers;
mod service;
mod signatures;
