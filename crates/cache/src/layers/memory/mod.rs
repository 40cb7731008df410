mod ghost;
mod l1;
mod moka;
mod quick;
mod sample;
mod share;
mod store;
mod store_key;

pub use ghost::GhostEstimate;
pub(crate) use l1::L1;
pub(crate) use share::Share;
pub(crate) use store::Glance;
pub(crate) use store_key::Lookup;
