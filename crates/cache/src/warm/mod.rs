//! Filling the cache before anybody asks: warmers, their runner, and the hot keys that a restart begins with.

mod checkpoint;
mod config;
mod each;
mod file;
mod hot_key;
mod manifest;
mod pace;
mod popularity;
mod progress;
mod queue;
mod report;
mod restart;
mod runner;
mod warmer;

pub use checkpoint::Checkpoint;
pub use config::WarmConfig;
pub use each::{Each, each};
pub use file::FileError;
pub use hot_key::HotKey;
pub use manifest::Manifest;
pub use popularity::{Popularity, PopularityConfig};
pub use progress::{Ended, Progress};
pub use report::{WarmReport, WarmerReport};
pub use restart::Restart;
pub use runner::WarmRunner;
pub use warmer::Warmer;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/warming.md")]
mod page {}
