#![allow(clippy::unwrap_used)]

mod layers;
mod memory;
mod model;
mod races;
mod stand_in;
