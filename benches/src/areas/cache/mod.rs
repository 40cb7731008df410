//! The cache: memory, and Redis behind it.

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
