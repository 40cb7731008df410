//! A market small enough for a test.

use super::{Market, real_localities};

pub fn small_market() -> Market {
    // The east of Sydney, and one post-office box where nobody lives.
    let mut localities = real_localities().unwrap();
    localities.retain(|locality| locality.postcode.starts_with("202") || locality.postcode == "1001");
    for (locality, id) in localities.iter_mut().zip(1..) {
        locality.id = id;
    }
    Market::generate(localities, 42, 2_000).unwrap()
}

/// The locality with most homes, and how many.
pub fn fullest(market: &Market) -> (u32, usize) {
    let mut homes = vec![0; market.localities.len() + 1];
    for home in &market.homes {
        homes[home.locality_id as usize] += 1;
    }
    let id = (0..homes.len()).max_by_key(|id| homes[*id]).unwrap();
    (id as u32, homes[id])
}
