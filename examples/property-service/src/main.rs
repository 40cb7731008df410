#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! The property service.

#[allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]
mod cli;
#[allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]
mod compare;
#[allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]
mod domain;
#[allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]
mod load;

fn main() {}
