//! A TCP proxy that a test puts between a client and a server, to make the network fail.

mod connection;
mod endpoint;
mod faults;
mod hub;
mod pump;
mod selection;
mod trouble;

pub use endpoint::Proxy;
pub use faults::Way;
pub use hub::Traffic;
pub use selection::Selection;
pub use trouble::Trouble;
