//! What policies tell those who watch them.

mod event;
mod observer;
mod policy_id;

pub use event::Event;
pub use observer::{Observer, OnEvent};
pub use policy_id::{PolicyId, PolicyKind};
