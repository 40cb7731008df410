#![allow(clippy::unwrap_used)]

mod layers;
#[cfg(feature = "macros")]
mod macros;
mod model;
mod peers;
mod races;
mod stand_in;
