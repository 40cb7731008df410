use std::hint::black_box;
use std::time::{Duration, Instant};

use mainstay_cache::Region;

/// What a hit in memory costs, over keys from 0 to below `keys`: the best of some rounds, for the machine does other things
/// too.
pub(crate) fn hit(region: &Region<u64, u64>, keys: u64) -> Duration {
    const HITS: u32 = 100_000;
    let round = || {
        let began = Instant::now();
        for key in (0..keys).cycle().take(HITS as usize) {
            black_box(region.get_cached(black_box(&key)));
        }
        began.elapsed() / HITS
    };
    (0..9).map(|_| round()).min().unwrap_or_default()
}
