#![allow(clippy::unwrap_used)]

mod layers;
mod model;
mod races;
mod stand_in;
