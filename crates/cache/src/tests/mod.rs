#![allow(clippy::unwrap_used)]

mod announcements;
mod auditor;
mod background;
mod batch;
mod between;
mod budget;
mod cancellation;
mod conditional;
#[cfg(feature = "redis")]
mod conformance;
mod explain;
mod fail_safe;
mod gather;
mod layers;
mod layers_used;
#[cfg(feature = "macros")]
mod macros;
mod matrix;
mod memory;
mod memory_threads;
mod model;
mod model_options;
mod negative;
mod options;
mod peers;
mod races;
mod races_of_nodes;
mod refresh;
mod refresh_ends;
mod schedules;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod size_bound;
mod sliding;
#[cfg(feature = "tracing")]
mod spoken;
pub(crate) mod stand_in;
mod threads;
mod timeouts;
mod ttl;
mod versions;
mod world;
