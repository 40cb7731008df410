//! Times to live by name, and values that follow a name when its time changes.

mod lifetime;
mod live;
mod table;

pub use lifetime::{NamedTtl, Ttl};
pub use live::{LiveTtl, TtlChange};
#[cfg(feature = "config")]
pub(crate) use table::ALLOWED;
pub(crate) use table::LONGEST;
pub use table::TtlTable;
