//! The cache's memory layer.

mod contenders;
mod footprint;
mod hit;
mod hit_rate;
mod streams;
mod tasks;

use crate::{contest::Contest, footprint::Footprint};

pub(super) fn contests() -> Vec<Contest> {
    let mut contests = vec![hit::l1_hit_string(), hit::l1_hit_u64(), tasks::l1_hit_8tasks()];
    contests.extend(hit_rate::contests());
    contests
}

pub(super) fn footprints() -> Vec<Footprint> {
    footprint::footprints()
}
