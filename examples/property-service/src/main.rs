#![forbid(unsafe_code)]
//! The property service.
fn main() {}
