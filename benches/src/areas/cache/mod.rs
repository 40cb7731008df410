//! The cache: memory, and Redis behind it.
//!
//! Of the caches that others would reach for, `hitbox` (0.2.4, over `hitbox-moka` 0.2.0) is left out. It builds and answers by
//! itself, but not beside the others without changing what is measured:
//! - its YAML parser (`saphyr-parser-bw`) allows `thiserror` up to 2.0.18, and a lock file has one `thiserror` 2: every crate of
//!   this workspace would be held there;
//! - it turns on `serde_json/preserve_order`, which holds for all that is built with it, mainstay's cache included;
//! - it brings 74 packages, for formats and error reports that no bench uses.
//!
//! Nor is there a like for its hit: it keeps bytes, and decodes them into a value of the caller's own at every read.
//!
//! `multi-tier-cache` (0.6.9) does not build without its Redis, which is not asked for what its memory has: with one tier there
//! is none.

mod contenders;
mod footprint;
mod hit;
mod hit_rate;
mod redis;
mod streams;
mod tasks;

use crate::{contest::Contest, footprint::Footprint};

pub(super) fn contests() -> Vec<Contest> {
    let mut contests = vec![hit::l1_hit_string(), hit::l1_hit_u64(), tasks::l1_hit_8tasks()];
    contests.extend(hit_rate::contests());
    contests.extend([redis::l2_read_64tasks(), redis::get_many_64()]);
    contests
}

pub(super) fn footprints() -> Vec<Footprint> {
    footprint::footprints()
}
