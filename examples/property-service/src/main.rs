#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! The property service.
#![allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]

mod after;
mod before;
mod cli;
mod compare;
mod domain;
mod load;
mod market;
mod store;
mod upstream;

fn main() {}
