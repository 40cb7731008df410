//! A primary and its replicas as one pool.

mod ejection;
mod inner;
mod node;
mod nodes;
mod probe;
mod role;
mod route;
mod routed;
mod set;
mod status;
mod turn;

pub use role::{Replicated, Role};
pub use routed::Routed;
pub use set::ReplicaSet;
pub use status::{NodeStatus, Reads, ReplicaSetStatus};
