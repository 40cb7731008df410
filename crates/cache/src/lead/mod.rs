//! The way of a read that may load: join the flight for this key, or lead one; in this process one load a key at a time.

mod attend;
mod attend_many;
mod begin;
mod fall_back;
mod intake;
mod loading;
mod many;
mod refresh;
mod reserve;
mod voyage;

pub(crate) use begin::{Begin, unloaded};
pub use many::Missing;
pub(crate) use voyage::Voyage;
