#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! The property service.

#[expect(dead_code, reason = "the wiring that uses it comes next")]
mod domain;
#[allow(dead_code, unused_imports, reason = "the wiring that uses it comes next")]
mod load;

fn main() {}
