mod ask;
mod health;
mod identity;
#[cfg(feature = "tower")]
mod layered;
mod limits;
mod problems;
mod server;
mod shedding;
