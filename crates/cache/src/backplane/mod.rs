mod announcement;
mod listen;
mod peer;

pub(crate) use announcement::{Announcement, Told};
pub(crate) use listen::listen;
#[cfg(all(test, feature = "redis"))]
pub(crate) use listen::{Session, take};
