#![allow(clippy::unwrap_used)]

mod layers;
mod model;
mod peers;
mod races;
mod stand_in;
